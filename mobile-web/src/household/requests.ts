import { type Channel, objectOf } from "../call/channel";
import type {
	HouseholdRefused,
	HouseholdReply,
	HouseholdRequest,
	HouseholdView,
} from "../protocol.gen";

// The doorbell writes to its card before it answers; a worn card takes its time.
const REPLY_TIMEOUT_MS = 8_000;

/** What is asked, before the channel gives it a number. */
export type Asked = HouseholdRequest extends infer Each
	? Each extends HouseholdRequest
		? Omit<Each, "id">
		: never
	: never;

/** What the doorbell may answer; a refusal becomes an error. */
export type Answer = Exclude<HouseholdReply, HouseholdRefused>;

/** The doorbell said no, or said nothing; `detail` is its sentence. */
export class NotDoneError extends Error {
	override readonly name = "NotDoneError";

	constructor(
		readonly reason: HouseholdRefused["reason"] | "silent",
		readonly detail: string,
	) {
		super(detail || reason);
	}
}

interface Waiting {
	resolve: (reply: Answer) => void;
	reject: (error: NotDoneError) => void;
	timer: ReturnType<typeof setTimeout>;
}

export interface RequestHandlers {
	opened: () => void;
	/** The household as it is now, asked for or not. */
	view: (view: HouseholdView) => void;
	closed: () => void;
}

/** Requests and replies over the channel `household`. */
export class Requests {
	readonly #waiting = new Map<number, Waiting>();
	#lastId = 0;
	#closed = false;

	constructor(
		private readonly channel: Channel,
		private readonly handlers: RequestHandlers,
	) {
		channel.addEventListener("message", (event) => this.#read((event as MessageEvent).data));
		channel.addEventListener("close", () => this.#lost());
		channel.addEventListener("open", () => !this.#closed && handlers.opened());
		if (channel.readyState === "open") handlers.opened();
	}

	/** Ask; resolves with the doorbell's reply, rejects with a NotDoneError. */
	ask(asked: Asked, limitMs = REPLY_TIMEOUT_MS): Promise<Answer> {
		this.#lastId += 1;
		const id = this.#lastId;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => this.#giveUp(id), limitMs);
			this.#waiting.set(id, { resolve, reject, timer });
			if (this.#closed || this.channel.readyState !== "open") this.#giveUp(id);
			else this.channel.send(JSON.stringify({ ...asked, id }));
		});
	}

	/** Stop; open requests are rejected. */
	close(): void {
		this.#closed = true;
		for (const id of this.#waiting.keys()) this.#giveUp(id);
	}

	#read(data: unknown): void {
		const reply = objectOf(data) as HouseholdReply | undefined;
		if (this.#closed || !reply || typeof reply.id !== "number") return;
		if (reply.type === "household") this.handlers.view(reply);
		const waiting = this.#waiting.get(reply.id);
		if (!waiting) return; // A push, or an answer that came too late.
		this.#waiting.delete(reply.id);
		clearTimeout(waiting.timer);
		if (reply.type !== "household_refused") waiting.resolve(reply);
		else waiting.reject(new NotDoneError(reply.reason, reply.detail));
	}

	/** Nobody will answer this one any more. */
	#giveUp(id: number): void {
		const waiting = this.#waiting.get(id);
		this.#waiting.delete(id);
		clearTimeout(waiting?.timer);
		waiting?.reject(new NotDoneError("silent", ""));
	}

	#lost(): void {
		if (this.#closed) return;
		this.close();
		this.handlers.closed();
	}
}
