import type { Look } from "../call/latest";
import type { ShownFrame } from "../call/trace";
import { placeOf, WHOLE, type Windows } from "../call/windows";

// How old the whole picture behind a close-up may be when the close-up begins, in frames.
const BACKING_EVERY = 10;
const LOOK_EVERY_MS = 100;
const JPEG_QUALITY = 0.92;

/** A part of the whole picture, in shares of its width and height. */
export interface PicturePart {
	readonly x: number;
	readonly y: number;
	readonly w: number;
	readonly h: number;
}

export const ALL: PicturePart = { x: 0, y: 0, w: 1, h: 1 };

export interface PictureNeeds {
	video: HTMLVideoElement;
	/** The last whole picture, behind a close-up. */
	backing: HTMLCanvasElement;
	/** The last picture of a connection that is gone, over its successor. */
	held: HTMLCanvasElement;
	/** Whether a close-up may come soon. */
	near: () => boolean;
	/** Width by height of the whole picture. */
	aspect: (value: number) => void;
}

/**
 * The live picture on its place: the video shows all of it or a window of it, and never anything
 * where it does not belong.
 */
export class LivePicture {
	#shown: Look = WHOLE;
	#frames = 0;
	#over = new AbortController();

	constructor(private readonly needs: PictureNeeds) {}

	/** Show a new stream; `first` is told its first frame. */
	begin(stream: MediaStream, windows: Windows, first: (frame: ShownFrame) => void): void {
		this.end();
		this.#over = new AbortController();
		const { signal } = this.#over;
		const { video } = this.needs;
		video.srcObject = stream;
		// Without sound the browser always lets it play.
		video.play().catch(() => undefined);
		let isFirst = true;
		eachFrame(video, signal, (shownMs, metadata) => {
			this.#place(windows.at(metadata?.rtpTimestamp));
			this.#keepWhole();
			// A stream that ends without a picture draws one black frame.
			if (!isFirst || !stream.active) return;
			isFirst = false;
			this.needs.held.hidden = true;
			first({ receivedMs: metadata?.receiveTime, shownMs });
		});
	}

	end(): void {
		this.#over.abort();
	}

	/** Keep the last picture of a dying stream over its successor. */
	hold(): void {
		const { video, held } = this.needs;
		if (!held.hidden || !copy(video, held)) return;
		put(held, this.#shown);
		held.hidden = false;
	}

	/** What can be seen at this moment, as a file; undefined before the first picture. */
	async snap(part: PicturePart): Promise<Blob | undefined> {
		const canvas = this.#draw(part);
		const blob =
			canvas && new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", JPEG_QUALITY));
		return (await blob) ?? undefined;
	}

	#draw(part: PicturePart): HTMLCanvasElement | undefined {
		const { video, backing, held } = this.needs;
		const source = held.hidden ? video : held;
		const [width, height] = sizeOf(source);
		if (width === 0) return undefined;
		// As many dots as the finest picture has there.
		const [wide, high] = [width * this.#shown.zoom, height * this.#shown.zoom];
		const canvas = document.createElement("canvas");
		canvas.width = Math.round(wide * part.w);
		canvas.height = Math.round(high * part.h);
		const pen = canvas.getContext("2d");
		if (!pen) return undefined;
		pen.translate(-part.x * wide, -part.y * high);
		if (this.#shown.zoom > 1) pen.drawImage(backing, 0, 0, wide, high);
		const { left, top } = placeOf(this.#shown);
		pen.drawImage(source, left * wide, top * high, width, height);
		return canvas;
	}

	#place(look: Look): void {
		const { video, backing, aspect } = this.needs;
		if (look.zoom === 1 && video.videoHeight > 0) aspect(video.videoWidth / video.videoHeight);
		if (look === this.#shown) return;
		this.#shown = look;
		put(video, look);
		backing.hidden = look.zoom === 1;
	}

	#keepWhole(): void {
		this.#frames += 1;
		if (this.#shown.zoom > 1 || !this.needs.near()) return;
		if (this.#frames % BACKING_EVERY === 0) copy(this.needs.video, this.needs.backing);
	}
}

function put(element: HTMLElement, look: Look): void {
	const { left, top, size } = placeOf(look);
	element.style.left = percent(left);
	element.style.top = percent(top);
	element.style.width = percent(size);
	element.style.height = percent(size);
	element.dataset.zoom = look.zoom.toFixed(2);
}

function percent(share: number): string {
	return `${(share * 100).toFixed(3)}%`;
}

function copy(video: HTMLVideoElement, canvas: HTMLCanvasElement): boolean {
	if (video.videoWidth === 0) return false;
	canvas.width = video.videoWidth;
	canvas.height = video.videoHeight;
	canvas.getContext("2d")?.drawImage(video, 0, 0);
	return true;
}

function sizeOf(source: HTMLVideoElement | HTMLCanvasElement): [number, number] {
	if (source instanceof HTMLVideoElement) return [source.videoWidth, source.videoHeight];
	return [source.width, source.height];
}

type FrameMetadata = { readonly rtpTimestamp?: number; readonly receiveTime?: number };

/** Call at each frame, as far as the browser tells; else now and then. */
function eachFrame(
	video: HTMLVideoElement,
	signal: AbortSignal,
	seen: (shownMs: number, metadata?: FrameMetadata) => void,
): void {
	if ("requestVideoFrameCallback" in video) {
		const next = (_now: number, metadata: FrameMetadata) => {
			if (signal.aborted) return;
			seen(performance.now(), metadata);
			video.requestVideoFrameCallback(next);
		};
		video.requestVideoFrameCallback(next);
		return;
	}
	const plain = video as HTMLVideoElement;
	const start = () => {
		const timer = setInterval(() => seen(performance.now()), LOOK_EVERY_MS);
		signal.addEventListener("abort", () => clearInterval(timer));
		seen(performance.now());
	};
	plain.addEventListener("timeupdate", start, { once: true, signal });
}
