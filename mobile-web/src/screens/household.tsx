import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { checkCertificate } from "../call/certificate";
import { ImpostorError, placeSigned } from "../call/signed";
import { HEAD_TYP } from "../household/chain";
import type { OpenCode } from "../household/code";
import { makeDataPeer } from "../household/data-peer";
import { HouseholdLine } from "../household/line";
import { Software } from "../household/software";
import { unseal } from "../identity/jws";
import { HouseholdContext } from "../parts/household";
import { useSession } from "../parts/session";
import type { AuditHeadStatement, TokenMade } from "../protocol.gen";
import type { Route } from "../router";
import type { Session } from "../session";
import { words } from "../words";
import { HouseholdPages } from "./household/pages";

type At = Extract<Route, { name: "household" }>;

/** A doorbell's household; the line to it lives as long as its pages are open. */
export function HouseholdScreen({ at }: { at: At }) {
	const session = useSession();
	const { doorbell } = at;
	const code = useSignal<OpenCode | null>(null);
	const token = useSignal<TokenMade | null>(null);
	const line = useMemo(() => newLine(session, doorbell), [session, doorbell]);
	const software = useMemo(() => new Software(line, () => session.household.now()), [line]);
	useEffect(() => {
		line.start();
		const leave = () => line.close();
		const look = () => document.visibilityState === "visible" && line.probe();
		addEventListener("pagehide", leave);
		addEventListener("online", look);
		document.addEventListener("visibilitychange", look);
		return () => {
			removeEventListener("pagehide", leave);
			removeEventListener("online", look);
			document.removeEventListener("visibilitychange", look);
			software.close();
			leave();
			code.value = null;
			token.value = null;
		};
	}, [line]);
	const place = {
		doorbell,
		name: session.household.doorbell(doorbell)?.name ?? words.value.home.title,
		me: session.identity.id,
		desk: line,
		software,
		code,
		token,
		now: () => session.household.now(),
	};
	return (
		<HouseholdContext.Provider value={place}>
			<HouseholdPages at={at} />
		</HouseholdContext.Provider>
	);
}

function newLine({ client, identity, iceServers }: Session, doorbell: string): HouseholdLine {
	const key = identity.record.doorbells.find(({ id }) => id === doorbell)?.publicKey;
	return new HouseholdLine({
		makePeer: () => makeDataPeer(iceServers),
		place: (offer, signal) =>
			placeSigned({ client, identity, doorbell, answers: undefined, offer, signal }),
		trickle: ({ answer }, fragment, signal) => client.trickle(answer, fragment, signal),
		hangUp: ({ answer }) => client.hangUp(answer.path),
		check: checkCertificate,
		async readHead(text) {
			if (!key) throw new ImpostorError("unknown");
			const claims = await unseal(text, HEAD_TYP, key).catch((error: unknown) => {
				throw new ImpostorError("statement", { cause: error });
			});
			if (claims.doorbell !== doorbell) throw new ImpostorError("statement");
			return claims as unknown as AuditHeadStatement;
		},
	});
}
