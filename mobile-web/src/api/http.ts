import type { ServerClock } from "../identity/clock";
import type { Identity } from "../identity/identity";
import { apiToken } from "../identity/tokens";
import { CLOCK_PROBLEM, OfflineError, RefusedError, refusalOf } from "./problem";

export const API = "/api/v1";

// A phone that waits longer has lost the network, whatever its icon says.
const ANSWER_TIMEOUT_MS = 15_000;
// A token lives for a minute; the rest is for a slow network.
const PRESIGNED_FRESH_MS = 45_000;

export interface RequestOptions {
	signal?: AbortSignal;
	body?: string;
	contentType?: string;
	headers?: Record<string, string>;
	/** For answers that never end. */
	endless?: boolean;
}

/** fetch, signed with the phone's key; every failure is a RefusedError or an OfflineError. */
export class SignedHttp {
	#presigned: { key: string; authorization: string; atMs: number } | undefined;

	constructor(
		readonly identity: Identity,
		readonly clock: ServerClock,
	) {}

	/** A good answer; retries once when the server disagrees about the time. */
	async request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
		try {
			return await this.#once(method, path, options);
		} catch (error) {
			if (!(error instanceof RefusedError) || error.type !== CLOCK_PROBLEM) throw error;
			return this.#once(method, path, options);
		}
	}

	/**
	 * Sign a request that will probably be made, so that it can leave within the tap. It must then
	 * be asked for in exactly these words.
	 */
	async presign(method: string, path: string, body: string): Promise<void> {
		const authorization = await this.#authorization(method, path, body);
		this.#presigned = { key: keyOf(method, path, body), authorization, atMs: Date.now() };
	}

	/** A request whose headers are ready, for moments in which nothing can be awaited. */
	async prepared(method: string, path: string): Promise<() => void> {
		const authorization = await this.#authorization(method, path);
		const headers = { Authorization: authorization };
		return () => void fetch(path, { method, headers, keepalive: true }).catch(() => undefined);
	}

	async #once(method: string, path: string, options: RequestOptions): Promise<Response> {
		const headers: Record<string, string> = {
			Authorization: await this.#authorization(method, path, options.body),
			...options.headers,
		};
		if (options.contentType) headers["Content-Type"] = options.contentType;
		const init: RequestInit = { method, headers, cache: "no-store" };
		if (options.body !== undefined) init.body = options.body;
		const signal = limited(options);
		if (signal) init.signal = signal;
		const response = await reach(path, init);
		const corrected = this.clock.learn(response.headers.get("Date"));
		if (response.ok) return response;
		const refusal = await refusalOf(response);
		if (refusal.type === CLOCK_PROBLEM && !corrected) {
			throw new RefusedError(refusal.status, "about:blank", refusal.detail);
		}
		throw refusal;
	}

	async #authorization(method: string, path: string, body?: string): Promise<string> {
		const ready = this.#presigned;
		if (ready?.key === keyOf(method, path, body)) {
			// A token works once.
			this.#presigned = undefined;
			if (Date.now() - ready.atMs < PRESIGNED_FRESH_MS) return ready.authorization;
		}
		return `Bearer ${await apiToken(this.identity, this.clock, method, path, body)}`;
	}
}

function keyOf(method: string, path: string, body = ""): string {
	return `${method} ${path} ${body}`;
}

/** fetch; the network's failures become OfflineError, the caller's own abort stays an AbortError. */
export async function reach(path: string, init: RequestInit): Promise<Response> {
	try {
		return await fetch(path, init);
	} catch (error) {
		if (error instanceof DOMException && error.name === "AbortError") throw error;
		throw new OfflineError("The server cannot be reached.", { cause: error });
	}
}

function limited(options: RequestOptions): AbortSignal | undefined {
	if (options.endless) return options.signal;
	const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
	return options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
}
