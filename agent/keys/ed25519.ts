/**
 * From a secret scalar to its public key on edwards25519 (RFC 8032, 5.1). Node makes public keys of seeds alone (RFC 8410), and the keys of
 * Tor are what a seed is expanded to. Pure; not for a machine whose power somebody measures.
 */

const prime = 2n ** 255n - 19n;

/** In extended homogeneous coordinates (RFC 8032, 5.1.4): x = X/Z, y = Y/Z, x * y = T/Z. */
type Point = readonly [x: bigint, y: bigint, z: bigint, t: bigint];

const modulo = (value: bigint): bigint => ((value % prime) + prime) % prime;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = modulo(base), rest = exponent; rest > 0n; rest >>= 1n, square = modulo(square * square))
    if (rest & 1n) result = modulo(result * square);
  return result;
}

const inverse = (value: bigint): bigint => power(value, prime - 2n);

const d = modulo(-121665n * inverse(121666n));
const neutral: Point = [0n, 1n, 1n, 0n];
/** Its y is 4/5, its x the even one of the two (RFC 8032, 5.1). */
const base: Point = (() => {
  const x = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
  const y = modulo(4n * inverse(5n));
  return [x, y, 1n, modulo(x * y)];
})();

/** RFC 8032, 5.1.4; it holds for equal points, too. */
function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = modulo((y1 - x1) * (y2 - x2));
  const b = modulo((y1 + x1) * (y2 + x2));
  const c = modulo(2n * t1 * t2 * d);
  const e = modulo(2n * z1 * z2);
  const [f, g, h, k] = [b - a, e - c, e + c, b + a];
  return [modulo(f * g), modulo(h * k), modulo(g * h), modulo(f * k)];
}

/**
 * The public key of an expanded secret key.
 * @param scalar its first 32 bytes, in little-endian order
 * @returns 32 bytes: y, with the lowest bit of x in the highest one (RFC 8032, 5.1.2)
 */
export function publicKeyOf(scalar: Buffer): Buffer {
  let rest = BigInt(`0x${Buffer.from(scalar).reverse().toString('hex')}`);
  let sum = neutral;
  for (let double = base; rest > 0n; rest >>= 1n, double = add(double, double))
    if (rest & 1n) sum = add(sum, double);
  const [x, y, z] = sum;
  const scale = inverse(z);
  const encoded = modulo(y * scale) | ((modulo(x * scale) & 1n) << 255n);
  return Buffer.from(encoded.toString(16).padStart(64, '0'), 'hex').reverse();
}
