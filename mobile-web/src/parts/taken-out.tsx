import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { PairedDoorbell } from "../identity/identity";
import { forgetDoorbell, forgetEverything } from "../pairing/forget";
import { words } from "../words";
import { Icon } from "./icons";
import { useSession } from "./session";

// A server that has only just heard of this phone needs a moment.
const PATIENCE_MS = 4_000;

/** What a phone reads that does not belong to a household any more: why, and the way back. */
export function TakenOut() {
	const session = useSession();
	const { household, identity } = session;
	const { out } = words.value.trust;
	const missing = useMissing();
	if (household.unknown.value) {
		return <Notice text={out.everywhere} onForget={() => forgetEverything()} key="everywhere" />;
	}
	return (
		<>
			{missing.map(({ id, name }) => (
				<Notice key={id} text={out.text(name)} onForget={() => forgetDoorbell(identity, id)} />
			))}
		</>
	);
}

/** Doorbells that this phone has met and whose households do not know it any more. */
function useMissing(): readonly PairedDoorbell[] {
	const { household, identity } = useSession();
	const patient = useSignal(false);
	const known = new Set(household.doorbells.value.map(({ id }) => id));
	const missing = identity.record.doorbells.filter(({ id }) => !known.has(id));
	const suspects = household.loaded.value && !household.trouble.value && missing.length > 0;
	useEffect(() => {
		patient.value = false;
		if (!suspects) return;
		const timer = setTimeout(() => {
			void household.refresh().then(() => {
				patient.value = true;
			});
		}, PATIENCE_MS);
		return () => clearTimeout(timer);
	}, [suspects]);
	return suspects && patient.value ? missing : [];
}

interface NoticeProps {
	text: string;
	onForget: () => Promise<void>;
}

function Notice({ text, onForget }: NoticeProps) {
	const { out } = words.value.trust;
	return (
		<section class="card taken-out" role="alert" data-testid="taken-out">
			<h2 class="card-title">
				<Icon name="phone" />
				{out.title}
			</h2>
			<p>{text}</p>
			<p>{out.how}</p>
			<div class="actions stacked">
				<button
					type="button"
					class="pill primary"
					data-testid="forget-pairing"
					onClick={() => void onForget()}
				>
					{out.forget}
				</button>
				<p class="hint">{out.forgetWhy}</p>
			</div>
		</section>
	);
}
