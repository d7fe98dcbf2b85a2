/** Limits are for a quiet machine; DABEI_PATIENCE=3 makes all of them three times as long. */
export const patience = Math.max(1, Number(process.env['DABEI_PATIENCE'] ?? 1) || 1);
