import { exitSoon, realWorld, run } from "./action.js";
// Whatever throws, hangs or ends early from here on: the step has not passed.
process.exitCode = 1;
void run(realWorld())
    .then((passes) => {
    if (passes)
        process.exitCode = 0;
})
    .finally(exitSoon);
