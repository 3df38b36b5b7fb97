import type { Client } from "../api/client";
import { OfflineError, RefusedError } from "../api/problem";
import type { Identity } from "../identity/identity";
import type { Challenge, Shown, Trace, UnlockReceipt } from "../protocol.gen";
import { Attempt, type AttemptLimits } from "./attempt";
import type { LinksSince } from "./audit";
import { type Asked, type Control, DeniedError } from "./control";
import { Files } from "./files";
import { ImpostorError } from "./impostor";
import type { Look } from "./latest";
import { Microphone } from "./mic";
import { watchNetwork } from "./network";
import { Reconnect } from "./reconnect";
import type { Place } from "./signed";
import {
	type CallEvent,
	type CallModel,
	cameraFault,
	type EndReason,
	IDLE,
	isOver,
	step,
} from "./state";
import type { ShownFrame } from "./trace";
import { askToUnlock, confirmUnlock } from "./unlock";
import { judge, type Vitals } from "./vitals";
import type { Prepared } from "./warm";

// A fresh call is up within a second at home; a bad mobile network needs a few.
const FIRST_LIMITS: AttemptLimits = { answerMs: 16_000, connectMs: 12_000, pictureMs: 12_000 };
// Once lost, an attempt that gets stuck is worth less than the next one.
const AGAIN_LIMITS: AttemptLimits = { answerMs: 5_000, connectMs: 6_000, pictureMs: 8_000 };
// One that began after the change of the network knows the new one.
const STALE_AFTER_MS = 500;

const NOTHING_SAID = { detail: "", retryAfterS: undefined };
/** What the server's status says of a call. */
const REASONS: Readonly<Record<number, EndReason>> = {
	401: "forgotten",
	404: "forgotten",
	429: "rate",
	503: "away",
	504: "away",
};

export interface CallNeeds {
	client: Client;
	identity: Identity;
	doorbell: string;
	/** The visit whose ring this call answers. */
	answers: string | undefined;
	place: Place;
	/** What the first attempt uses, prepared if possible. */
	first: () => Prepared;
	/** What each later attempt uses. */
	next: () => Prepared;
	changed: (model: CallModel) => void;
	/** The stream to show; a new one after every reconnection. */
	stream: (stream: MediaStream) => void;
	/** Which part the pictures show; null after a reconnection: all of it again. */
	shown: (shown: Shown | null) => void;
	/** Once a second: how the picture arrives. */
	vitals: (vitals: Vitals) => void;
	/** How the start of the call went, on both ends. */
	traced: (trace: Trace) => void;
	/** Where the doorbell's log stands, signed, and how to ask what led there. */
	auditHead: (head: string, since: LinksSince) => void;
}

/** This phone's call to one doorbell, from the tap to the end, over as many connections as it takes. */
export class Call {
	model: CallModel = IDLE;
	/** Files straight from the doorbell; transfers go on over reconnections. */
	readonly files = new Files();
	readonly #microphone = new Microphone();
	readonly #reconnect = new Reconnect({
		again: () => this.#try(this.needs.next),
		giveUp: () => this.#fail("lost", ""),
	});
	readonly #over = new AbortController();
	#attempt: Attempt | undefined;
	#speaks = false;
	#muted = false;
	#look: Look | undefined;

	constructor(private readonly needs: CallNeeds) {}

	/** Call. Returns at once; what happens is told through `changed`. */
	start(): void {
		this.#dispatch({ type: "dial" });
		watchNetwork(
			{ changed: () => this.#networkChanged(), doubtful: () => this.#doubtful() },
			this.#over.signal,
		);
		this.#try(this.needs.first);
	}

	/** The screen shows a live picture now. */
	pictureShown(frame: ShownFrame): void {
		this.#attempt?.pictureShown(frame);
		this.#arrived();
	}

	/** The door is there, with its picture or with the reason why it has none. */
	#arrived(): void {
		if (this.model.phase !== "connecting" && this.model.phase !== "reconnecting") return;
		this.#reconnect.recovered();
		this.#dispatch({ type: "picture" });
	}

	/** Ask the doorbell for something; rejects with a DeniedError. */
	async ask(asked: Asked): Promise<void> {
		await this.#attemptNow().control.request(asked);
	}

	/** Whether this phone wants the door's sound at all; kept over reconnections. */
	mute(on: boolean): void {
		this.#muted = on;
		this.#attempt?.control.request({ type: "mute", on }).catch(() => undefined);
	}

	/** What this phone looks at; kept over reconnections. */
	look(look: Look): void {
		this.#look = look;
		this.#attempt?.latest.look(look);
	}

	/** There is reason to hope, such as a doorbell that is online again. */
	hurry(): void {
		this.#reconnect.hurry();
	}

	/** Begin to unlock: the challenge to confirm. */
	challenge(): Promise<Challenge> {
		return askToUnlock(this.#attemptNow());
	}

	/** Open the door, inside the gesture that confirms it. */
	unlock(challenge: Challenge): Promise<UnlockReceipt> {
		const { control, channel } = this.#attemptNow();
		const { identity, doorbell } = this.needs;
		return confirmUnlock({ control, identity, doorbell, channel }, challenge);
	}

	/** Let the door hear this phone, or not; rejects when the microphone cannot be had. */
	async talk(on: boolean): Promise<void> {
		this.#speaks ||= on;
		const track = await this.#microphone.talk(on);
		if (isOver(this.model)) {
			this.#microphone.close();
			return;
		}
		await this.#attempt?.speak(track);
	}

	/** Have the microphone open before the first word; no talk yet. */
	async readyToTalk(): Promise<void> {
		this.#speaks = true;
		await this.talk(false);
	}

	/** End the call. May be said twice. */
	hangUp(): void {
		this.#dispatch({ type: "hang_up" });
		this.#finish();
	}

	/** The page goes away: nothing can be awaited any more. */
	leave(): void {
		this.#attempt?.leave();
	}

	#try(prepare: () => Prepared): void {
		if (isOver(this.model)) return;
		// Never two at once: the door would show this phone twice.
		this.#dispose("lost");
		let prepared: Prepared;
		try {
			prepared = prepare();
		} catch {
			this.#fail("refused", "");
			return;
		}
		const attempt = this.#newAttempt(prepared);
		this.#attempt = attempt;
		this.files.attach(attempt.files);
		this.needs.shown(null);
		attempt.connect().catch((error: unknown) => {
			if (this.#attempt === attempt) this.#failed(error);
		});
		if (this.#speaks) void this.#speakOn(attempt);
		if (this.#look && this.#look.zoom > 1) attempt.latest.look(this.#look);
	}

	#newAttempt(prepared: Prepared): Attempt {
		const { client, place, doorbell, answers } = this.needs;
		const attempt: Attempt = new Attempt(prepared, {
			client,
			place,
			doorbell,
			answers,
			limits: this.#reconnect.active ? AGAIN_LIMITS : FIRST_LIMITS,
			answered: () => this.#dispatch({ type: "answered" }),
			trusted: () => this.needs.stream(prepared.peer.stream),
			failed: (error) => {
				if (this.#attempt === attempt) this.#failed(error);
			},
			opened: () => this.#muted && this.mute(true),
			state: (state) => {
				this.#dispatch({ type: "state", state });
				if (cameraFault(state.door) !== undefined) this.#arrived();
			},
			auditHead: (head) => {
				this.needs.auditHead(head, (row) => linksSince(attempt.control, row));
			},
			shown: this.needs.shown,
			vitals: (vitals) => {
				this.needs.vitals(vitals);
				this.#dispatch({ type: "network", network: judge(vitals) });
			},
			traced: this.needs.traced,
			lost: () => {
				if (this.#attempt === attempt) this.#lost();
			},
		});
		return attempt;
	}

	/** Without a microphone the call goes on: seeing and opening need none. */
	async #speakOn(attempt: Attempt): Promise<void> {
		const track = await this.#microphone.open().catch(() => null);
		if (this.#attempt === attempt) await attempt.speak(track).catch(() => undefined);
	}

	#doubtful(): void {
		this.#reconnect.hurry();
		this.#attempt?.probe();
	}

	#networkChanged(): void {
		const attempt = this.#attempt;
		if (!attempt || attempt.connected) {
			this.#doubtful();
		} else if (performance.now() - attempt.startedMs > STALE_AFTER_MS) {
			this.#lost();
			this.#reconnect.hurry();
		}
	}

	#failed(error: unknown): void {
		if (isPassing(error) && this.#reconnect.active) {
			this.#lost();
			return;
		}
		const { detail, retryAfterS } = error instanceof RefusedError ? error : NOTHING_SAID;
		this.#fail(reasonOf(error), detail, retryAfterS);
	}

	/** The way to the door is gone; find another one by calling again. */
	#lost(): void {
		if (isOver(this.model)) return;
		this.#dispatch({ type: "lost" });
		this.#dispose("lost");
		this.#reconnect.lost();
	}

	#fail(why: EndReason, detail: string, waitS?: number): void {
		this.#dispatch({ type: "failed", why, detail, waitS });
		this.#finish();
	}

	#finish(): void {
		this.#over.abort();
		this.#reconnect.stop();
		this.#dispose("ended");
		this.files.close();
		this.#microphone.close();
	}

	#dispose(how: "lost" | "ended"): void {
		const attempt = this.#attempt;
		this.#attempt = undefined;
		attempt?.close(how);
	}

	#attemptNow(): Attempt {
		if (!this.#attempt) throw new OfflineError("There is no connection to the doorbell now.");
		return this.#attempt;
	}

	#dispatch(event: CallEvent): void {
		const next = step(this.model, event);
		if (next === this.model) return;
		this.model = next;
		this.needs.changed(next);
	}
}

async function linksSince(control: Control, row: number): Promise<readonly string[]> {
	const reply = await control.request({ type: "audit_since", row });
	if (reply.type !== "audit_links") throw new DeniedError("malformed", "");
	return reply.rows;
}

/** Whether waiting can help. */
function isPassing(error: unknown): boolean {
	if (error instanceof RefusedError) return error.status >= 500 || error.status === 429;
	return error instanceof OfflineError || error instanceof DOMException;
}

function reasonOf(error: unknown): EndReason {
	if (error instanceof ImpostorError) return error.sign === "unknown" ? "stranger" : "impostor";
	if (error instanceof OfflineError) return "offline";
	if (!(error instanceof RefusedError)) return "lost";
	return REASONS[error.status] ?? "refused";
}
