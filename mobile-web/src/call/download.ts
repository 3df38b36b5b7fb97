import type { FileHeader } from "../protocol.gen";

// More than the protocol allows is not a doorbell's file.
const LIMIT_BYTES = 64 * 1024 * 1024;

/** A file that has come whole. */
export interface Fetched {
	readonly blob: Blob;
	/** Capture time of its first picture, by the doorbell's clock. */
	readonly startsMs: number;
	readonly durationMs: number;
}

/** What has come of one file, over as many connections as it takes. */
export class Download {
	#header: FileHeader | undefined;
	#chunks: ArrayBuffer[] = [];
	#received = 0;

	/** From where to go on, and in which version; nothing while nothing is there. */
	get rest(): { offset: number; version: string | null } {
		return { offset: this.#received, version: this.#header?.version ?? null };
	}

	/** 0 to 1. */
	get share(): number {
		const size = this.#header?.size_bytes ?? 0;
		return size > 0 ? Math.min(1, this.#received / size) : 0;
	}

	/** The doorbell begins to send; false when that does not fit what is there. */
	begin(header: FileHeader): boolean {
		if (header.size_bytes > LIMIT_BYTES) return false;
		const goesOn = header.version === this.#header?.version && header.offset === this.#received;
		if (!goesOn) this.forget();
		if (header.offset !== this.#received) return false;
		this.#header = header;
		return true;
	}

	/** The next bytes; false when they are more than the file has. */
	take(bytes: ArrayBuffer): boolean {
		if (!this.#header || this.#received + bytes.byteLength > this.#header.size_bytes) return false;
		this.#chunks.push(bytes);
		this.#received += bytes.byteLength;
		return true;
	}

	/** The whole file, or undefined when its SHA-256 is another. */
	async finish(sha256: string): Promise<Fetched | undefined> {
		const header = this.#header;
		if (!header || this.#received !== header.size_bytes) return undefined;
		const blob = new Blob(this.#chunks, { type: header.media_type });
		if ((await digestOf(blob)) !== sha256) return undefined;
		return { blob, startsMs: header.starts_ms, durationMs: header.duration_ms };
	}

	/** Begin anew. */
	forget(): void {
		this.#header = undefined;
		this.#chunks = [];
		this.#received = 0;
	}
}

async function digestOf(blob: Blob): Promise<string> {
	const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
	return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
