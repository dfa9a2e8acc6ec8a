import { exitSoon, realWorld, runPostStep } from "./action.js";
void runPostStep(realWorld()).finally(exitSoon);
