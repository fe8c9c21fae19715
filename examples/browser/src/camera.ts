/** The camera: its stream, its frames, and what its errors mean. */

const PROBLEMS: Record<string, string> = {
  NotAllowedError: "The camera is blocked: allow it in the browser's settings for this page.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera can't be used: another program may be using it.",
};

export const video = document.createElement("video");
video.muted = true;
video.playsInline = true;

function end(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Ends the stream; no frame comes any more. */
export function stop(): void {
  end(video.srcObject as MediaStream | null);
  video.srcObject = null;
}

/**
 * Starts the camera, unless it is no longer wanted once there is a stream.
 * @param onLost called when the camera is unplugged
 * @returns whether it looks at the person, who then expects a mirror; undefined when it wasn't wanted
 * @throws Error that says in plain words why there is no camera
 */
export async function start(
  isWanted: () => boolean,
  onLost: () => void,
): Promise<{ facesPerson: boolean } | undefined> {
  if (!navigator.mediaDevices)
    throw new Error("The camera works only on secure pages: open this one by https or on localhost.");
  let stream: MediaStream | null = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    if (isWanted()) {
      video.srcObject = stream;
      await video.play();
    }
  } catch (error) {
    end(stream);
    const { name, message } = error as Error;
    throw new Error(PROBLEMS[name] ?? `The camera can't be used: ${message}`);
  }
  if (!isWanted()) {
    end(stream);
    return undefined;
  }
  const [track] = stream.getVideoTracks();
  track!.addEventListener("ended", () => video.srcObject === stream && onLost());
  return { facesPerson: track!.getSettings().facingMode !== "environment" };
}

/** Calls `act` for each frame for as long as the camera is wanted. */
export function eachFrame(isWanted: () => boolean, act: () => void): void {
  if (!isWanted()) return;
  act();
  video.requestVideoFrameCallback(() => eachFrame(isWanted, act));
}
