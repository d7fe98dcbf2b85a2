/** Limits are for a quiet machine; DABEI_TIME_SCALE=3 makes all of them three times as long. */
export const timeScale = Math.max(
  1,
  Number(process.env['DABEI_TIME_SCALE'] ?? process.env['DABEI_PATIENCE'] ?? 1) || 1,
);
