import { words } from "../words";
import { Icon } from "./icons";
import { notify } from "./notice";
import { useSession } from "./session";

/**
 * Stands at the door until somebody has read it: its log was changed or set back. It is one line
 * until it is tapped, because the visitor is behind it.
 */
export function AuditWarning({ doorbell }: { doorbell: string }) {
	const { audits } = useSession();
	const { audit } = words.value.trust;
	if (!audits.isBroken(doorbell)) return null;
	const acknowledge = async () => {
		await audits.acknowledge(doorbell);
		notify(audit.noted);
	};
	return (
		<details class="audit-warning" data-testid="audit-warning">
			<summary>
				<Icon name="info" />
				<span role="alert">{audit.title}</span>
				<Icon name="next" />
			</summary>
			<p>{audit.text}</p>
			<button
				type="button"
				class="pill"
				data-testid="audit-acknowledge"
				onClick={() => void acknowledge()}
			>
				{audit.seen}
			</button>
		</details>
	);
}
