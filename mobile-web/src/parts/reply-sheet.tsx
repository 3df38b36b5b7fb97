import type { QuickReply } from "../protocol.gen";
import { words } from "../words";
import { Icon } from "./icons";
import { Sheet } from "./sheet";

interface ReplySheetProps {
	onReply: (reply: QuickReply["reply"]) => void;
	onClose: () => void;
}

const ORDER: readonly QuickReply["reply"][] = ["coming", "leave_it", "not_now"];

/** The sentences that the door can speak. */
export function ReplySheet({ onReply, onClose }: ReplySheetProps) {
	const { replies, app, ring } = words.value;
	return (
		<Sheet opener="quick-reply" label={ring.quickReply} onClose={onClose}>
			<ul class="reply-list">
				{ORDER.map((reply) => (
					<li key={reply}>
						<button type="button" class="reply" data-reply={reply} onClick={() => onReply(reply)}>
							{replies[reply]}
						</button>
					</li>
				))}
			</ul>
			<button type="button" class="pill quiet" onClick={onClose}>
				<Icon name="close" />
				{app.cancel}
			</button>
		</Sheet>
	);
}
