import { realWorld, run } from "./action.js";
/** How long the last lines of the log may take to be read. */
const LOG_GRACE_MS = 3_000;
// Whatever throws, hangs or ends early from here on: the step has not passed.
process.exitCode = 1;
void run(realWorld())
    .then((passes) => {
    if (passes)
        process.exitCode = 0;
})
    .finally(() => {
    // Where stdout is not read, what is left to write would keep the process alive for ever.
    setTimeout(() => process.exit(), LOG_GRACE_MS).unref();
});
