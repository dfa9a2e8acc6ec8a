import { realWorld, runPostStep } from './action.ts'

void runPostStep(realWorld())
