import { realWorld, runPostStep } from "./action.js";
void runPostStep(realWorld());
