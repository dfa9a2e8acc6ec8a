import { exitSoon, realWorld, runPostStep } from './action.ts'

void runPostStep(realWorld()).finally(exitSoon)
