// The webcam: its stream, its frames, and why there may be none.

const SIDES = { width: { ideal: 640 }, height: { ideal: 480 } };

/** A camera cannot be used; the message says why, and what to do. */
export class CameraError extends Error {}

/** Start a camera, any or a certain one. Throws CameraError. */
export async function openCamera(deviceId?: string): Promise<MediaStream> {
  const devices = window.isSecureContext ? navigator.mediaDevices : undefined;
  if (!devices) {
    throw new CameraError(
      "Browsers give a camera only to pages from a secure place, and this one came over plain http from another device. " +
        "Open it on the device that serves it, as http://localhost; or reach it through a tunnel, " +
        `ssh -L ${location.port || 80}:localhost:${location.port || 80} ${location.hostname}, and open ` +
        `http://localhost:${location.port || 80}; or put a server with a certificate (https) in front.`,
    );
  }
  try {
    return await devices.getUserMedia({ video: deviceId ? { ...SIDES, deviceId: { exact: deviceId } } : SIDES });
  } catch (error) {
    throw new CameraError(reasonOf(error), { cause: error });
  }
}

function reasonOf(error: unknown): string {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
      return "The camera was not allowed. Allow it in the browser's settings for this page (beside its address), and try again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "There is no camera on this device. Plug one in, or choose pictures instead.";
    case "NotReadableError":
      return "The camera is used by another program. Close that, and try again.";
    default:
      return `The camera could not be started: ${String(error)}. Choose pictures instead.`;
  }
}

/** The cameras there are, by id and name; names are known once one of them was allowed. */
export async function listCameras(): Promise<{ id: string; name: string }[]> {
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  return devices.map(({ deviceId, label }, index) => ({ id: deviceId, name: label || `Camera ${index + 1}` }));
}

/** Wait for the next frame of a playing video. */
export function nextFrame(video: HTMLVideoElement): Promise<unknown> {
  return new Promise((resolve) => {
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(resolve);
    else requestAnimationFrame(resolve);
  });
}
