import { effect, type Signal, signal } from "@preact/signals";
import { Client } from "./api/client";
import { SignedHttp } from "./api/http";
import { AuditBook } from "./call/audit-book";
import { Call } from "./call/call";
import { microphoneAllowed } from "./call/mic";
import { Peer } from "./call/peer";
import { type Place, placeSigned } from "./call/signed";
import { type CallModel, EndedError, IDLE, isOver } from "./call/state";
import type { Vitals } from "./call/vitals";
import { type Prepared, WarmCall } from "./call/warm";
import { Windows } from "./call/windows";
import { Household } from "./household/household";
import { ServerClock } from "./identity/clock";
import type { Identity } from "./identity/identity";
import { MediaAddresses } from "./identity/tokens";
import type { IceServer, QuickReply, Trace } from "./protocol.gen";

// TURN credentials are asked for again this long before they end.
const ICE_MARGIN_MS = 60_000;
const ICE_EVERY_MS = 600_000;
// A door speaks a prepared sentence at once or not at all.
const SAY_TIMEOUT_MS = 10_000;

/** A call on the screen. */
export interface ActiveCall {
	readonly doorbell: string;
	readonly answers: string | undefined;
	readonly call: Call;
	readonly model: Signal<CallModel>;
	readonly stream: Signal<MediaStream | null>;
	/** Whether the door hears this phone. */
	readonly talking: Signal<boolean>;
	/** How the picture arrives; null until it was measured. */
	readonly vitals: Signal<Vitals | null>;
	/** How the start of the newest connection went. */
	readonly trace: Signal<Trace | null>;
	/** Which part the pictures show. */
	readonly windows: Windows;
}

/** What a paired phone has: its identity, the server, the household, and at most one call. */
export class Session {
	readonly clock = new ServerClock();
	readonly client: Client;
	readonly media: MediaAddresses;
	readonly household: Household;
	readonly warm: WarmCall;
	readonly #place: Place;
	/** Where the doorbells' logs stood. */
	readonly audits: AuditBook;
	readonly active = signal<ActiveCall | null>(null);
	#iceServers: readonly RTCIceServer[] = [];
	readonly #over = new AbortController();

	constructor(readonly identity: Identity) {
		this.client = new Client(new SignedHttp(identity, this.clock));
		this.media = new MediaAddresses(identity, this.clock);
		this.household = new Household(this.client, this.clock);
		this.audits = new AuditBook(identity);
		const { client } = this;
		this.warm = new WarmCall({ client, identity, peer: () => this.#newPeer() });
		this.#place = (placing) => placeSigned({ client, identity, ...placing });
	}

	start(): void {
		void this.household.run(this.#over.signal);
		void this.#followIceServers();
		this.#hurryOnReturn();
		addEventListener("pagehide", () => this.active.value?.call.leave(), {
			signal: this.#over.signal,
		});
	}

	stop(): void {
		this.#over.abort();
		this.hangUp();
		this.warm.drop();
	}

	/** Call a doorbell now, inside the tap. A second tap finds the call that is there. */
	call(doorbell: string, answers?: string): ActiveCall {
		const there = this.active.value;
		if (there && there.doorbell === doorbell && !isOver(there.model.value)) return there;
		this.hangUp();
		const active = this.#newCall(doorbell, answers, () => this.warm.take(doorbell));
		this.active.value = active;
		active.call.start();
		if (answers) void this.#openMicrophone(active.call, doorbell);
		return active;
	}

	/** Get ready for a call that will probably be made: its connection, its offer, its signature. */
	expectCall(doorbell: string, answers?: string): void {
		this.warm.prepare(doorbell, answers);
	}

	/** What helps a connection to find its way. */
	get iceServers(): readonly RTCIceServer[] {
		return this.#iceServers;
	}

	/** End the call, if there is one. */
	hangUp(): void {
		this.active.value?.call.hangUp();
		this.active.value = null;
	}

	/** Speak a prepared sentence at the door without showing a call. */
	async say(doorbell: string, reply: QuickReply["reply"]): Promise<void> {
		const { call, model } = this.#newCall(doorbell, undefined, () => this.warm.take(doorbell));
		const connected = new Promise<void>((resolve, reject) => {
			const late = () => reject(new EndedError({ why: "lost", detail: "", waitS: undefined }));
			const timer = setTimeout(late, SAY_TIMEOUT_MS);
			// The first state comes when the channel is open.
			model.subscribe(({ door, end }) => {
				if (door) resolve();
				else if (end) reject(new EndedError(end));
				else return;
				clearTimeout(timer);
			});
		});
		call.start();
		try {
			await connected;
			await call.ask({ type: "quick_reply", reply });
		} finally {
			call.hangUp();
		}
	}

	#newPeer(): Peer {
		return new Peer(this.#iceServers);
	}

	#newCall(doorbell: string, answers: string | undefined, first: () => Prepared): ActiveCall {
		const model = signal(IDLE);
		const stream = signal<MediaStream | null>(null);
		const vitals = signal<Vitals | null>(null);
		const trace = signal<Trace | null>(null);
		const windows = new Windows();
		const call = new Call({
			client: this.client,
			identity: this.identity,
			place: this.#place,
			doorbell,
			answers,
			first,
			next: () => ({ peer: this.#newPeer() }),
			changed: (next) => {
				model.value = next;
				// Whether it is this phone that is unknown, or only this door.
				if (next.end?.why === "forgotten") void this.household.refresh();
			},
			stream: (next) => {
				stream.value = next;
			},
			shown: (next) => windows.tell(next),
			vitals: (next) => {
				vitals.value = next;
			},
			traced: (next) => {
				trace.value = next;
			},
			auditHead: (head, since) => {
				// Without a proof now, the next call asks again.
				this.audits.heard(doorbell, head, since).catch(() => undefined);
			},
		});
		const talking = signal(false);
		return { doorbell, answers, call, model, stream, talking, vitals, trace, windows };
	}

	/** Who answers will speak: have the microphone ready, but never ask in front of the picture. */
	async #openMicrophone(call: Call, doorbell: string): Promise<void> {
		const may = this.household.doorbell(doorbell)?.me.rights.includes("talk") ?? false;
		if (may && (await microphoneAllowed())) await call.readyToTalk().catch(() => undefined);
	}

	/** A doorbell that is online again is called at once, if a call waits for it. */
	#hurryOnReturn(): void {
		let wasOnline = true;
		const stop = effect(() => {
			const active = this.active.value;
			const isOnline = !active || (this.household.doorbell(active.doorbell)?.online ?? true);
			if (isOnline && !wasOnline) active?.call.hurry();
			wasOnline = isOnline;
		});
		this.#over.signal.addEventListener("abort", stop);
	}

	async #followIceServers(): Promise<void> {
		const { signal: over } = this.#over;
		while (!over.aborted) {
			let again = ICE_EVERY_MS;
			try {
				const { ice_servers, expires_ms } = await this.client.iceServers(over);
				this.#iceServers = ice_servers.map(iceServer);
				if (expires_ms)
					again = Math.max(ICE_MARGIN_MS, expires_ms - this.clock.nowMs() - ICE_MARGIN_MS);
			} catch {
				again = ICE_MARGIN_MS; // At home host candidates are enough.
			}
			await new Promise((resolve) => setTimeout(resolve, again));
		}
	}
}

function iceServer({ urls, username, credential }: IceServer): RTCIceServer {
	return {
		urls: [...urls],
		...(username !== null && { username }),
		...(credential !== null && { credential }),
	};
}
