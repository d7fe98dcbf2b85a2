/** What Node writes at the end of a process (nodejs.org/api/cli, NODE_V8_COVERAGE): the scripts that it loaded, and their source maps. */
export interface Coverage {
  result: readonly { url: string }[];
  'source-map-cache'?: Readonly<Record<string, { data: unknown }>>;
}

/**
 * TypeScript files that no process has a source map of. Their lines would be those that tsx makes of them: too few, and almost all of
 * them run when the file is loaded.
 * @param rooms URLs of the folders to look at, each with a slash at its end
 */
export function withoutSourceMap(processes: Iterable<Coverage>, rooms: readonly string[]): string[] {
  const mapped = new Map<string, boolean>();
  for (const { result, 'source-map-cache': maps = {} } of processes) {
    for (const { url } of result) {
      if (!url.endsWith('.ts') || !rooms.some(room => url.startsWith(room))) continue;
      mapped.set(url, mapped.get(url) === true || Boolean(maps[url]?.data));
    }
  }
  return [...mapped].filter(([, isMapped]) => !isMapped).map(([url]) => url);
}
