import type { ReadonlySignal } from "@preact/signals";
import type { RefObject } from "preact";
import {
	useEffect,
	useImperativeHandle,
	useLayoutEffect,
	useMemo,
	useRef,
	useState,
} from "preact/hooks";
import type { Look } from "../call/latest";
import type { ShownFrame } from "../call/trace";
import { WHOLE, type Windows } from "../call/windows";
import { ALL, LivePicture } from "../parts/live-picture";
import { usePictureAddress } from "../parts/picture";
import { usePinch } from "../parts/pinch";
import { clampLook, type Room, seenPart, transformOf, windowOf } from "../parts/zoom";
import type { Visit } from "../protocol.gen";
import { words } from "../words";

// Closer than this counts as zoomed: below, nobody sees a difference.
const ZOOMED = 1.05;

export interface StageHandle {
	/** The picture as it is seen now, as a file. */
	snap: () => Promise<Blob | undefined>;
	/** Show the whole picture again. */
	reset: () => void;
}

interface StageProps {
	visit: Visit | null | undefined;
	alt: string;
	stream: MediaStream | null;
	windows: Windows | undefined;
	/** Whether the stream is live. */
	live: ReadonlySignal<boolean>;
	whole: boolean;
	/** Small in a corner, while something else is looked at. */
	aside: boolean;
	muted: boolean;
	handle: RefObject<StageHandle | null>;
	/** The first picture of a stream is on the screen. */
	onPicture: (frame: ShownFrame) => void;
	/** The browser plays only without sound until the next touch. */
	onSilenced: () => void;
	/** What is looked at, and how many times it is enlarged on the screen. */
	onLook: (look: Look, zoom: number) => void;
}

/**
 * The picture that everything else lies on: what the visit looked like, with the live picture over
 * it once there is one. A picture stays until the next one is there, so nothing ever jumps.
 */
export function Stage(props: StageProps) {
	const { visit, alt, stream, windows, live, whole, aside, muted, handle } = props;
	const video = useRef<HTMLVideoElement>(null);
	const sound = useRef<HTMLAudioElement>(null);
	const backing = useRef<HTMLCanvasElement>(null);
	const held = useRef<HTMLCanvasElement>(null);
	const frame = useRef<HTMLDivElement>(null);
	const box = useRef<HTMLDivElement>(null);
	const world = useRef<HTMLDivElement>(null);
	const picture = useRef<LivePicture>(null);
	const [shown, setShown] = useState(false);
	const still = usePictureAddress(visit);
	const latest = useRef(props);
	latest.current = props;
	const zoom = useMemo(() => new Zoom(box, world), []);
	zoom.looked = (look, near) => latest.current.onLook(look, near);
	usePinch(frame, {
		place: () => (box.current as HTMLElement).getBoundingClientRect(),
		room: () => zoom.room(),
		look: () => zoom.look,
		looked: (look, glide) => zoom.set(look, glide),
	});

	useImperativeHandle(handle, () => ({
		snap: async () => picture.current?.snap(zoom.near ? zoom.seen() : ALL),
		reset: () => zoom.set(WHOLE, true),
	}));

	useLayoutEffect(() => {
		picture.current = new LivePicture({
			video: video.current as HTMLVideoElement,
			backing: backing.current as HTMLCanvasElement,
			held: held.current as HTMLCanvasElement,
			near: () => zoom.near,
			aspect: (value) => world.current?.style.setProperty("--aspect", value.toFixed(4)),
		});
		return () => picture.current?.end();
	}, []);

	useLayoutEffect(() => {
		if (!stream || !windows) return;
		picture.current?.begin(stream, windows, (first) => {
			performance.mark("doorstep:first-frame");
			setShown(true);
			latest.current.onPicture(first);
		});
		return playSound(sound.current, stream, () => latest.current.onSilenced());
	}, [stream, windows]);

	// A dying stream goes black before the next rendering, so its last picture is taken at once.
	useEffect(() => live.subscribe((now) => !now && picture.current?.hold()), [live]);

	useEffect(() => {
		if (sound.current) sound.current.muted = muted;
	}, [muted]);

	useEffect(() => {
		const element = box.current;
		if (!element) return;
		const observer = new ResizeObserver(() => zoom.set(zoom.look, false));
		observer.observe(element);
		return () => observer.disconnect();
	}, []);

	const states = [
		live.value && "is-live",
		shown && !live.value && "is-held",
		aside && "is-aside",
	].filter(Boolean);
	return (
		<div class={`stage ${states.join(" ")}`}>
			{still && <img class="stage-backdrop" src={still} alt="" draggable={false} />}
			<section
				class={`stage-frame ${whole || aside ? "whole" : ""}`}
				ref={frame}
				tabIndex={stream && !aside ? 0 : -1}
				aria-label={words.value.call.zoomKeys}
			>
				<div class="stage-box" ref={box}>
					<div class="stage-world" ref={world}>
						{still && <img class="stage-picture" src={still} alt={alt} draggable={false} />}
						<canvas ref={backing} class="stage-picture" hidden />
						<video
							ref={video}
							class={shown ? "stage-picture shown" : "stage-picture"}
							data-testid="live-video"
							aria-label={alt}
							playsInline
							autoPlay
							muted
							disablePictureInPicture
						/>
						<canvas ref={held} class="stage-picture stage-held" hidden />
					</div>
				</div>
			</section>
			<audio ref={sound} data-testid="live-sound" />
		</div>
	);
}

/** What is looked at, and the transform that shows it. */
class Zoom {
	look: Look = WHOLE;
	looked: (look: Look, zoom: number) => void = () => undefined;

	constructor(
		private readonly box: RefObject<HTMLElement | null>,
		private readonly world: RefObject<HTMLElement | null>,
	) {}

	get near(): boolean {
		return this.look.zoom > ZOOMED;
	}

	room(): Room {
		const [box, world] = [this.box.current, this.world.current];
		return {
			width: box?.clientWidth || 1,
			height: box?.clientHeight || 1,
			worldWidth: world?.offsetWidth || 1,
			worldHeight: world?.offsetHeight || 1,
		};
	}

	seen() {
		return seenPart(this.look, this.room());
	}

	set(look: Look, glide: boolean): void {
		const element = this.world.current;
		if (!element) return;
		const room = this.room();
		const before = this.look;
		this.look = clampLook(look, room);
		element.classList.toggle("glides", glide);
		element.style.transform = transformOf(this.look, room);
		// Near, the soft edges of a tall screen's picture would hide what is looked at.
		element.style.setProperty("--soft", String(Math.max(0, 1 - (this.look.zoom - 1) * 2.5)));
		const { zoom, x, y } = before;
		if (this.look.zoom === zoom && this.look.x === x && this.look.y === y) return;
		this.looked(this.near ? windowOf(this.look, room) : WHOLE, this.look.zoom);
	}
}

/** Sound has an element of its own: it is heard even when no picture is there yet. */
function playSound(
	element: HTMLAudioElement | null,
	stream: MediaStream,
	onSilenced: () => void,
): () => void {
	let current = true;
	if (!element) return () => undefined;
	element.srcObject = new MediaStream(stream.getAudioTracks());
	element.play().catch((error: unknown) => {
		if (!current || !(error instanceof DOMException) || error.name !== "NotAllowedError") return;
		element.muted = true;
		onSilenced();
		element.play().catch(() => undefined);
	});
	return () => {
		current = false;
	};
}
