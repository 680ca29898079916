// Starts the design system's components; every page also works without this file.
import { initAll } from "./nhsuk.js";

initAll();
