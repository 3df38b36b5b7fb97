import type { Fetch, FileEnd, FileHeader, FileRefused, Stop } from "../protocol.gen";
import { type Channel, objectOf } from "./channel";
import { Download, type Fetched } from "./download";

// So long nothing may come before the rest is asked for again.
const SILENCE_LIMIT_MS = 4_000;
// A reconnection takes a few seconds; whoever waits longer than this has given up.
const SILENCES_LIMIT = 6;
// A file whose bytes are not those that were announced is fetched anew so often.
const BROKEN_LIMIT = 2;

/** The doorbell has no such file, or it did not come; `detail` is the doorbell's sentence. */
export class FilesError extends Error {
	override readonly name = "FilesError";

	constructor(
		readonly reason: "refused" | "silent" | "broken",
		readonly detail: string,
	) {
		super(detail || reason);
	}
}

export interface FetchOptions {
	signal?: AbortSignal;
	/** How much is there, 0 to 1. */
	progress?: (share: number) => void;
}

type Told = FileHeader | FileEnd | FileRefused;

interface Transfer {
	id: number;
	name: Fetch["name"];
	download: Download;
	/** The header has come; binary messages belong to it. */
	flows: boolean;
	silences: number;
	broken: number;
	progress: (share: number) => void;
	resolve: (fetched: Fetched) => void;
	reject: (error: Error) => void;
}

/** The channel `files`, and the one file that is on its way over it. */
export class Files {
	#channel: Channel | undefined;
	#transfer: Transfer | undefined;
	#lastId = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** Go on over this channel: the first, or that of a new connection. */
	attach(channel: Channel): void {
		this.#channel = channel;
		if (this.#transfer) this.#transfer.flows = false;
		channel.addEventListener("open", () => channel === this.#channel && this.#ask());
		channel.addEventListener("message", (event) => {
			if (channel === this.#channel) this.#take((event as MessageEvent).data);
		});
		if (channel.readyState === "open") this.#ask();
	}

	/**
	 * Fetch a file; one that is on its way is given up for it. Rejects with a FilesError, or with
	 * the signal's reason.
	 */
	fetch(name: Fetch["name"], { signal, progress }: FetchOptions = {}): Promise<Fetched> {
		this.#end(new DOMException("Another file is fetched.", "AbortError"));
		signal?.throwIfAborted();
		return new Promise((resolve, reject) => {
			const transfer: Transfer = {
				id: 0,
				name,
				download: new Download(),
				flows: false,
				silences: 0,
				broken: 0,
				progress: progress ?? (() => undefined),
				resolve,
				reject,
			};
			this.#transfer = transfer;
			signal?.addEventListener("abort", () => {
				if (this.#transfer !== transfer) return;
				this.#send({ type: "stop", id: transfer.id });
				this.#end(signal.reason);
			});
			this.#ask();
		});
	}

	/** The call is over. */
	close(): void {
		this.#end(new FilesError("silent", ""));
		this.#channel = undefined;
	}

	/** Ask for what is missing. */
	#ask(): void {
		const transfer = this.#transfer;
		if (!transfer) return;
		this.#lastId += 1;
		transfer.id = this.#lastId;
		transfer.flows = false;
		this.#await();
		this.#send({
			type: "fetch",
			id: transfer.id,
			name: transfer.name,
			...transfer.download.rest,
		});
	}

	#await(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#silent(), SILENCE_LIMIT_MS);
	}

	#silent(): void {
		const transfer = this.#transfer;
		if (!transfer) return;
		transfer.silences += 1;
		if (transfer.silences >= SILENCES_LIMIT) this.#end(new FilesError("silent", ""));
		else this.#ask();
	}

	#take(data: unknown): void {
		const transfer = this.#transfer;
		if (!transfer) return;
		if (data instanceof ArrayBuffer) {
			if (transfer.flows) this.#takeBytes(transfer, data);
			return;
		}
		const told = objectOf(data) as Told | undefined;
		// An answer to a request that was given up, or nothing of this version.
		if (!told || told.id !== transfer.id) return;
		if (told.type === "file") this.#begin(transfer, told);
		else if (told.type === "file_end") void this.#finish(transfer, told);
		else if (told.type === "file_refused") this.#end(new FilesError("refused", told.detail));
	}

	#begin(transfer: Transfer, header: FileHeader): void {
		this.#await();
		transfer.flows = transfer.download.begin(header);
		if (!transfer.flows) this.#broken(transfer);
		else transfer.progress(transfer.download.share);
	}

	#takeBytes(transfer: Transfer, bytes: ArrayBuffer): void {
		if (!transfer.download.take(bytes)) {
			this.#broken(transfer);
			return;
		}
		this.#await();
		transfer.silences = 0;
		transfer.progress(transfer.download.share);
	}

	async #finish(transfer: Transfer, { id, sha256 }: FileEnd): Promise<void> {
		transfer.flows = false;
		clearTimeout(this.#timer);
		const fetched = await transfer.download.finish(sha256).catch(() => undefined);
		if (this.#transfer !== transfer || transfer.id !== id) return;
		if (!fetched) {
			this.#broken(transfer);
			return;
		}
		this.#transfer = undefined;
		transfer.resolve(fetched);
	}

	/** What came is not the file that was announced: begin anew. */
	#broken(transfer: Transfer): void {
		transfer.download.forget();
		transfer.broken += 1;
		if (transfer.broken > BROKEN_LIMIT) this.#end(new FilesError("broken", ""));
		else this.#ask();
	}

	#end(error: Error): void {
		clearTimeout(this.#timer);
		const transfer = this.#transfer;
		this.#transfer = undefined;
		transfer?.reject(error);
	}

	#send(request: Fetch | Stop): void {
		if (this.#channel?.readyState === "open") this.#channel.send(JSON.stringify(request));
	}
}
