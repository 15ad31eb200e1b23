// Registration of the service worker.

const PATIENCE_MS = 3000;

/**
 * Resolves once a service worker sees what the page fetches, so that an engine that is loaded then is kept; or when that
 * takes too long, or cannot be: browsers allow it to pages from a secure place only.
 */
export async function goOffline(): Promise<boolean> {
  if (!("serviceWorker" in navigator)) return false;
  const { serviceWorker } = navigator;
  const controlled = new Promise<boolean>((resolve) => {
    if (serviceWorker.controller) resolve(true);
    serviceWorker.addEventListener("controllerchange", () => resolve(true), { once: true });
  });
  const tooLate = new Promise<boolean>((resolve) => setTimeout(resolve, PATIENCE_MS, false));
  const registered = serviceWorker.register("/sw.js").then(
    () => controlled,
    () => false,
  );
  return Promise.race([registered, tooLate]);
}
