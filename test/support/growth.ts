/** Of growth(): 2 is linear, 4 the square; what is between is noise. */
export const growthLimit = 3.5;

/**
 * How much longer a piece of work takes for twice the input: about 2 where it is linear, 4 where it grows with the square.
 * Measured over four times the input, so that noise counts half; in processor time of this process, the least of
 * several runs each, since other programs and the garbage collector only ever add to it. What is above the limit is
 * measured again, twice: a square stays one, noise does not.
 * @param make the input of a size
 * @param size of the smaller input
 */
export function growth<T>(make: (size: number) => T, work: (input: T) => void, size: number): number {
  const least = (input: T, runs: number) =>
    Math.min(
      ...Array.from({ length: runs }, () => {
        const before = process.cpuUsage();
        work(input);
        const { user, system } = process.cpuUsage(before);
        return user + system;
      }),
    );
  const small = make(size);
  const large = make(4 * size);
  work(small);
  const measured = () =>
    // Below 5 ms a measurement says nothing: four times as much is still little.
    Math.sqrt(least(large, 2) / Math.max(least(small, 3), 5000));
  const ratio = measured();
  return ratio < growthLimit ? ratio : Math.min(ratio, measured(), measured());
}
