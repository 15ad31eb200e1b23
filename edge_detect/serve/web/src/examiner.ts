// The page's side of a worker with an engine in it.

import type { Answer, EngineFacts, Forget, Inspection, Request } from "./protocol";

export type EngineChoice = "litert" | "tfjs";

type Task = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (inspection: Inspection) => void;
  readonly reject: (error: Error) => void;
}

/** An engine at work. Each has a worker of its own, so TensorFlow.js is fetched only when it is chosen. */
export class Examiner {
  readonly facts: Promise<EngineFacts>;
  /** Whether it was ready, and then broke down: another has to take its place. */
  isBroken = false;
  private readonly worker: Promise<Worker>;
  private readonly waiting = new Map<number, Waiting>();
  private ending: Error | null = null;
  private isRetired = false;
  private count = 0;

  /** when: the worker is started; what is asked before that waits. onBroken: told once, as `isBroken` becomes true. */
  constructor(
    choice: EngineChoice,
    when: Promise<unknown>,
    private readonly onBroken: () => void,
  ) {
    this.worker = when.then(() => start(choice));
    this.facts = this.worker.then(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.onmessage = ({ data }: MessageEvent<Answer>) => {
            if (data.kind === "ready") resolve(data.facts);
            else if (data.kind === "failed") reject(new Error(data.error));
            else this.settle(data);
          };
          worker.onerror = worker.onmessageerror = () => {
            reject(new Error("its files did not come; load the page again, or look whether the server is still there"));
            void this.facts.then(() => this.breakDown(), () => {});
          };
        }),
    );
    this.facts.catch((error: Error) => this.end(error)); // without an engine there is no answer
  }

  /** Look at a picture file, or at a camera's frame, which is used up. unwanted: rejects what still waits. */
  examine(task: Task, unwanted?: AbortSignal): Promise<Inspection> {
    const transfer = task.kind === "frame" ? [task.frame] : [];
    if (this.ending) {
      transfer.forEach((frame) => frame.close());
      return Promise.reject(this.ending);
    }
    const id = this.count++;
    unwanted?.addEventListener("abort", () => this.forget(id), { once: true });
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.post({ ...task, id }, transfer);
    });
  }

  /** End once all that was asked is answered. */
  retire(): void {
    this.isRetired = true;
    if (this.waiting.size === 0) this.terminate();
  }

  private forget(id: number): void {
    const task = this.waiting.get(id);
    if (!task) return;
    this.waiting.delete(id);
    task.reject(new Error("it is not wanted any more"));
    this.post({ kind: "forget", id });
    if (this.isRetired) this.retire();
  }

  private post(message: Request | Forget, transfer: ImageBitmap[] = []): void {
    void this.worker.then(
      (worker) => worker.postMessage(message, transfer),
      () => transfer.forEach((frame) => frame.close()),
    );
  }

  private settle(answer: Extract<Answer, { id: number }>): void {
    const task = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.kind === "done") task?.resolve(answer.inspection);
    else task?.reject(new Error(answer.error));
    if (this.isRetired) this.retire();
  }

  private breakDown(): void {
    this.isBroken = true;
    this.end(new Error("the engine broke down, perhaps for want of memory; try again"));
    this.onBroken();
  }

  private end(error: Error): void {
    this.ending = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.terminate();
  }

  private terminate(): void {
    void this.worker.then((worker) => worker.terminate(), () => {});
  }
}

function start(choice: EngineChoice): Worker {
  return choice === "litert"
    ? new Worker(new URL("./litert.worker.ts", import.meta.url))
    : new Worker(new URL("./tfjs.worker.ts", import.meta.url));
}
