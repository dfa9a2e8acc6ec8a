/** What the two entries need; the build makes one bundle of it. */
export { runPostStep } from './post-step.ts'
export { run } from './run.ts'
export { exitSoon, realWorld } from './world.ts'
