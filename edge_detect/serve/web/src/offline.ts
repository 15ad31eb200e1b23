// The page's side of its service worker.

const PATIENCE_MS = 3000;

/**
 * Resolves once a service worker sees what the page fetches, so that an engine that is loaded then is kept; or when that
 * takes too long, or cannot be: browsers allow it to pages from a secure place only.
 */
export async function goOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  const controlled = new Promise<void>((resolve) => {
    if (serviceWorker.controller) resolve();
    serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
  });
  const tooLate = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS));
  const registered = serviceWorker.register("/sw.js").then(
    // Past the cache a page is loaded without its service worker, however long it waits.
    (registration?: ServiceWorkerRegistration) =>
      registration?.active && !registration.installing && !registration.waiting ? undefined : controlled,
    () => {},
  );
  return Promise.race([registered, tooLate]);
}

/** Have these files kept, too, by a service worker that may have come after them; whether the page works offline then. */
export async function keepOffline(files: readonly string[]): Promise<boolean> {
  if (!("serviceWorker" in navigator)) return false;
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<boolean>) => resolve(data);
    active!.postMessage(files, [port2]);
  });
}
