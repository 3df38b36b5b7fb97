import type {
	AuditLinks,
	CallState,
	Challenge,
	ControlReply,
	ControlRequest,
	Denied,
	Done,
	Trace,
	Unlocked,
} from "../protocol.gen";
import type { Channel } from "./channel";
import { Heartbeat } from "./heartbeat";

// The doorbell answers at once, except while its lock moves; then within a pulse's first second.
const REPLY_TIMEOUT_MS = 6_000;

/** What is asked, before the channel gives it a number. */
export type Asked = ControlRequest extends infer Each
	? Each extends ControlRequest
		? Omit<Each, "id">
		: never
	: never;

type Reply = Done | Challenge | Denied | Trace | Unlocked | AuditLinks;

/** The doorbell said no, or said nothing; `detail` is its sentence. */
export class DeniedError extends Error {
	override readonly name = "DeniedError";

	constructor(
		readonly reason: Denied["reason"] | "silent",
		readonly detail: string,
	) {
		super(detail || reason);
	}
}

export interface ControlHandlers {
	opened: () => void;
	state: (state: CallState) => void;
	/** Where the doorbell's log stands, signed. */
	auditHead: (head: string) => void;
	/** The path is gone: pings unanswered, or the channel closed. Said once. */
	lost: () => void;
	/** Whether picture or sound have come since this was asked last. */
	flows: () => boolean;
}

interface Waiting {
	resolve: (reply: Reply) => void;
	reject: (error: DeniedError) => void;
	timer: ReturnType<typeof setTimeout>;
}

/** Requests and replies over the channel `control`, and the pings that notice a dead path. */
export class Control {
	readonly #waiting = new Map<number, Waiting>();
	#lastId = 0;
	readonly #heartbeat: Heartbeat;
	#closed = false;

	constructor(
		private readonly channel: Channel,
		private readonly handlers: ControlHandlers,
	) {
		this.#heartbeat = new Heartbeat({
			ping: () => this.#send({ type: "ping", id: this.#nextId() }),
			lost: () => this.#lost(),
			flows: handlers.flows,
		});
		channel.addEventListener("message", (event) => this.#read((event as MessageEvent).data));
		channel.addEventListener("close", () => this.#lost());
		channel.addEventListener("open", () => this.#opened());
		if (channel.readyState === "open") this.#opened();
	}

	/** Ask; resolves with the doorbell's reply, rejects with a DeniedError. */
	request(asked: Asked): Promise<Reply> {
		const id = this.#nextId();
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => this.#giveUp(id), REPLY_TIMEOUT_MS);
			this.#waiting.set(id, { resolve, reject, timer });
			if (!this.#send({ ...asked, id })) this.#giveUp(id);
		});
	}

	/** Say goodbye without waiting for an answer. */
	hangUp(): void {
		this.#send({ type: "hang_up", id: this.#nextId() });
	}

	/** Something came another way: the path is alive. */
	heard(): void {
		this.#heartbeat.heard();
	}

	/** There is reason to doubt the path: know soon whether it is alive. */
	probe(): void {
		this.#heartbeat.probe();
	}

	/** Stop; open requests are rejected. */
	close(): void {
		this.#closed = true;
		this.#heartbeat.stop();
		for (const id of this.#waiting.keys()) this.#giveUp(id);
	}

	#opened(): void {
		if (this.#closed) return;
		this.#heartbeat.start();
		this.handlers.opened();
	}

	#read(text: unknown): void {
		// Whatever arrives shows that the path is alive.
		this.#heartbeat.heard();
		const reply = parseReply(text);
		if (!reply) return;
		if (reply.type === "call_state") this.handlers.state(reply);
		else if (reply.type === "audit_head") this.handlers.auditHead(reply.head);
		else this.#settle(reply);
	}

	#settle(reply: Reply): void {
		const waiting = this.#waiting.get(reply.id);
		if (!waiting) return; // An answer to a ping, or one that came too late.
		this.#waiting.delete(reply.id);
		clearTimeout(waiting.timer);
		if (reply.type !== "denied") waiting.resolve(reply);
		else waiting.reject(new DeniedError(reply.reason, reply.detail));
	}

	/** Nobody will answer this one any more. */
	#giveUp(id: number): void {
		const waiting = this.#waiting.get(id);
		this.#waiting.delete(id);
		clearTimeout(waiting?.timer);
		waiting?.reject(new DeniedError("silent", ""));
	}

	#lost(): void {
		if (this.#closed) return;
		this.close();
		this.handlers.lost();
	}

	#send(request: ControlRequest): boolean {
		if (this.channel.readyState !== "open") return false;
		this.channel.send(JSON.stringify(request));
		return true;
	}

	#nextId(): number {
		this.#lastId += 1;
		return this.#lastId;
	}
}

const REPLIES = new Set<ControlReply["type"]>([
	"done",
	"challenge",
	"unlocked",
	"denied",
	"call_state",
	"trace",
	"audit_head",
	"audit_links",
]);

/** A message of the doorbell, or undefined when it is none of this version. */
export function parseReply(text: unknown): ControlReply | undefined {
	if (typeof text !== "string") return undefined;
	try {
		const value = JSON.parse(text) as ControlReply;
		return REPLIES.has(value?.type) ? value : undefined;
	} catch {
		return undefined;
	}
}
