import { signal } from "@preact/signals";
import type { Call } from "../call/call";
import type { Fetched } from "../call/download";
import { FilesError } from "../call/files";

export interface Seen extends Fetched {
	/** Where the page's own player finds it. */
	readonly address: string;
}

/** What the door saw just now, fetched and shown while the call goes on. */
export class Rewind {
	readonly open = signal(false);
	/** How much has come, 0 to 1. */
	readonly share = signal(0);
	readonly seen = signal<Seen | null>(null);
	/** Why there is nothing to see; empty for no reason that the doorbell knows. */
	readonly problem = signal<string | null>(null);
	readonly atMs = signal(0);
	readonly playing = signal(false);
	/** Where it is played; the player's bar is elsewhere on the screen. */
	video: HTMLVideoElement | null = null;
	#fetching = new AbortController();

	/** Fetch and show; asked again, what was seen in the meantime is there too. */
	async start(call: Call): Promise<void> {
		this.close();
		this.open.value = true;
		const { signal: over } = this.#fetching;
		try {
			const fetched = await call.files.fetch("rewind", {
				signal: over,
				progress: (share) => {
					if (!over.aborted) this.share.value = share;
				},
			});
			if (over.aborted) return;
			this.seen.value = { ...fetched, address: URL.createObjectURL(fetched.blob) };
		} catch (error) {
			if (over.aborted) return;
			this.problem.value = error instanceof FilesError ? error.detail : "";
		}
	}

	toggle(): void {
		if (this.video?.paused) this.video.play().catch(() => undefined);
		else this.video?.pause();
	}

	jump(ms: number): void {
		if (this.video) this.video.currentTime = ms / 1000;
		this.atMs.value = ms;
	}

	/** This browser cannot play it. */
	broken(why: string): void {
		this.#forget();
		this.problem.value = why;
	}

	/** Back to live; what was on its way is given up. */
	close(): void {
		this.#fetching.abort();
		this.#fetching = new AbortController();
		this.#forget();
		this.open.value = false;
	}

	#forget(): void {
		if (this.seen.value) URL.revokeObjectURL(this.seen.value.address);
		this.seen.value = null;
		this.share.value = 0;
		this.problem.value = null;
		this.atMs.value = 0;
		this.playing.value = false;
	}
}

/** Where a moment lies seen from the ring, or else from the end: whole seconds, rounded. */
export function relativeTo(
	seen: Pick<Fetched, "startsMs" | "durationMs">,
	rangMs: number | null,
	atMs: number,
): { from: "ring" | "end"; seconds: number } {
	const { startsMs, durationMs } = seen;
	if (rangMs !== null && rangMs >= startsMs && rangMs <= startsMs + durationMs) {
		return { from: "ring", seconds: Math.round((startsMs + atMs - rangMs) / 1000) };
	}
	return { from: "end", seconds: Math.round((atMs - durationMs) / 1000) };
}
