/** Starts a clock; what it returns says the time since then: `12 s`, `3 min 5 s`. */
export function elapsed(): () => string {
  const startedAt = Date.now();
  return () => {
    const tenths = Math.round((Date.now() - startedAt) / 100);
    if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
    const seconds = Math.round(tenths / 10);
    return seconds < 60
      ? `${String(seconds)} s`
      : `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
  };
}
