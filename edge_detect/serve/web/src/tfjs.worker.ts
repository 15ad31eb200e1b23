import { loadEngine } from "./engine-tfjs";
import { serve } from "./worker";

serve(loadEngine);
