import type { ReadonlySignal } from "@preact/signals";
import type { AuditHeadStatement, HouseholdView } from "../protocol.gen";
import type { Answer, Asked } from "./requests";

/** How the way to the doorbell is; `error` says why it is closed. */
export interface LineState {
	readonly phase: "connecting" | "open" | "closed";
	readonly error: unknown;
}

/** What the household's pages need: the household as it is now, and someone to ask. */
export interface HouseholdDesk {
	readonly state: ReadonlySignal<LineState>;
	/** As it was last told; null before the first time. */
	readonly view: ReadonlySignal<HouseholdView | null>;
	/** Resolves with the doorbell's reply, rejects with a NotDoneError. */
	ask(asked: Asked): Promise<Answer>;
	/** Where the audit log stands, by a head that this doorbell signed; ImpostorError otherwise. */
	readHead(text: string): Promise<AuditHeadStatement>;
	/** Try again after the line was closed. */
	retry(): void;
}
