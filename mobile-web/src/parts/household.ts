import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { OpenCode } from "../household/code";
import type { HouseholdDesk } from "../household/desk";
import type { Software } from "../household/software";
import type { TokenMade } from "../protocol.gen";

/** What all pages of one doorbell's household share while they are open. */
export interface HouseholdPlace {
	readonly doorbell: string;
	readonly name: string;
	/** This phone. */
	readonly me: string;
	readonly desk: HouseholdDesk;
	readonly software: Software;
	/** Secrets that were shown and are nowhere else: leaving a page must not lose them. */
	readonly code: Signal<OpenCode | null>;
	readonly token: Signal<TokenMade | null>;
	/** The server's time. */
	readonly now: () => number;
}

export const HouseholdContext = createContext<HouseholdPlace | null>(null);

/** The household whose pages are open. */
export function useHousehold(): HouseholdPlace {
	const place = useContext(HouseholdContext);
	if (!place) throw new Error("This page belongs to a household.");
	return place;
}
