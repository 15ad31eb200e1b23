import { loadEngine } from "./engine-litert";
import { serve } from "./worker";

serve(loadEngine);
