import { words } from "../words";
import { notify } from "./notice";
import { useSession } from "./session";

/** Stands at the door until somebody has read it: its log was changed or set back. */
export function AuditWarning({ doorbell }: { doorbell: string }) {
	const { audits } = useSession();
	const { audit } = words.value.trust;
	if (!audits.isBroken(doorbell)) return null;
	const acknowledge = async () => {
		await audits.acknowledge(doorbell);
		notify(audit.noted);
	};
	return (
		<section class="audit-warning" role="alert" data-testid="audit-warning">
			<h2>{audit.title}</h2>
			<p>{audit.text}</p>
			<button
				type="button"
				class="pill"
				data-testid="audit-acknowledge"
				onClick={() => void acknowledge()}
			>
				{audit.seen}
			</button>
		</section>
	);
}
