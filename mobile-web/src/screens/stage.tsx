import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { usePictureAddress } from "../parts/picture";
import { usePinch } from "../parts/pinch";
import type { Visit } from "../protocol.gen";

interface StageProps {
	visit: Visit | null | undefined;
	alt: string;
	stream: MediaStream | null;
	/** Whether the stream is live. */
	live: ReadonlySignal<boolean>;
	whole: boolean;
	muted: boolean;
	/** The first picture of a stream is on the screen. */
	onPicture: () => void;
	/** The browser plays only without sound until the next touch. */
	onSilenced: () => void;
}

/**
 * The picture that everything else lies on: what the visit looked like, with the live picture over
 * it once there is one. A picture stays until the next one is there, so nothing ever jumps.
 */
export function Stage(props: StageProps) {
	const { visit, alt, stream, live, whole, muted, onPicture, onSilenced } = props;
	const video = useRef<HTMLVideoElement>(null);
	const held = useRef<HTMLCanvasElement>(null);
	const frame = useRef<HTMLDivElement>(null);
	const [shown, setShown] = useState(false);
	const still = usePictureAddress(visit);
	const isLive = live.value;
	usePinch(frame);

	useLayoutEffect(() => {
		const element = video.current;
		if (!element || !stream) return;
		let current = true;
		element.srcObject = stream;
		element.play().catch((error: unknown) => {
			if (!current || !(error instanceof DOMException) || error.name !== "NotAllowedError") return;
			element.muted = true;
			onSilenced();
			element.play().catch(() => undefined);
		});
		whenDrawn(element, () => {
			// A stream that ends without a picture draws one black frame.
			if (!current || !stream.active) return;
			performance.mark("doorstep:first-frame");
			setShown(true);
			release(held.current);
			onPicture();
		});
		return () => {
			current = false;
		};
	}, [stream]);

	// A dying stream goes black before the next rendering, so its last picture is taken at once.
	useEffect(
		() =>
			live.subscribe((now) => {
				if (!now && video.current) hold(video.current, held.current);
			}),
		[live],
	);

	useEffect(() => {
		if (video.current) video.current.muted = muted;
	}, [muted]);

	const fit = whole ? "whole" : "";
	return (
		<div class={`stage ${isLive ? "is-live" : ""} ${shown && !isLive ? "is-held" : ""}`}>
			{still && <img class="stage-backdrop" src={still} alt="" draggable={false} />}
			<div class={`stage-frame ${fit}`} ref={frame}>
				{still && <img class="stage-picture" src={still} alt={alt} draggable={false} />}
				<video
					ref={video}
					class={shown ? "stage-picture shown" : "stage-picture"}
					data-testid="live-video"
					aria-label={alt}
					playsInline
					autoPlay
					disablePictureInPicture
				/>
				<canvas ref={held} class="stage-picture stage-held" hidden />
			</div>
		</div>
	);
}

/** The current picture of the live video, as a file; undefined before the first one. */
export async function pictureOf(element: HTMLVideoElement): Promise<Blob | undefined> {
	const canvas = document.createElement("canvas");
	if (!draw(element, canvas)) return undefined;
	return (
		(await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.92))) ?? undefined
	);
}

function whenDrawn(element: HTMLVideoElement, drawn: () => void): void {
	if ("requestVideoFrameCallback" in element) element.requestVideoFrameCallback(drawn);
	else (element as HTMLVideoElement).addEventListener("timeupdate", drawn, { once: true });
}

/** Keep the last picture of a dying stream over its successor. */
function hold(element: HTMLVideoElement, canvas: HTMLCanvasElement | null): void {
	if (canvas && draw(element, canvas)) canvas.hidden = false;
}

function release(canvas: HTMLCanvasElement | null): void {
	if (canvas) canvas.hidden = true;
}

function draw(element: HTMLVideoElement, canvas: HTMLCanvasElement): boolean {
	if (element.videoWidth === 0) return false;
	canvas.width = element.videoWidth;
	canvas.height = element.videoHeight;
	canvas.getContext("2d")?.drawImage(element, 0, 0);
	return true;
}
