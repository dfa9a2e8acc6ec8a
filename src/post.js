// The post step, which nearly always has nothing to do: only a step that could not tell how it ended leaves something.
if (process.env.STATE_commitStatus) void import('./index.js')
