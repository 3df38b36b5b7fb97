"""Firebase Cloud Messaging, for phones that registered with it. Needs the extra `fcm`.

The message carries data only: with a notification of its own, Firebase's worker and ours would
both show one. The service account never leaves the server.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cloud.push.delivery import delivery_of
from cloud.push.targets import Result
from protocol.api import FcmTarget, PushMessage

logger = logging.getLogger(__name__)

# For each HTTP request; firebase-admin tries four times by itself on 500 and 503.
ANSWER_TIMEOUT_S = 10
# The one field of the data message; values in FCM's data must be texts.
DATA_FIELD = "doorstep"


class FcmError(RuntimeError):
    """FCM cannot be used; the text says what to do."""


class Fcm:
    """Sends through one Firebase project. An async context manager: it owns its connections."""

    def __init__(self, app: Any) -> None:
        self._app = app

    @classmethod
    def open(cls, service_account: Path) -> Fcm:
        """With the key file of a service account; raises FcmError with the remedy."""
        try:
            import firebase_admin  # type: ignore[import-untyped]
            from firebase_admin import credentials
        except ImportError as error:
            raise FcmError("FCM needs firebase-admin: pip install 'doorstep[fcm]'.") from error
        try:
            certificate = credentials.Certificate(str(service_account))
            options = {"httpTimeout": ANSWER_TIMEOUT_S}
            # Its own name: the default app would be shared with the rest of the process.
            return cls(
                firebase_admin.initialize_app(certificate, options, f"doorstep-{id(certificate)}")
            )
        except (OSError, ValueError) as error:
            raise FcmError(
                f"{service_account} is no service account's key: {error}."
                " Check push.fcm_service_account_file."
            ) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        app, self._app = self._app, None
        if app is not None:
            import firebase_admin

            # In a thread: it runs an event loop of its own to close its connections.
            await asyncio.to_thread(firebase_admin.delete_app, app)

    async def send(self, target: FcmTarget, message: PushMessage) -> Result:
        """Hand one message over; never raises for what Firebase may answer."""
        from firebase_admin import exceptions, messaging
        from google.auth.exceptions import GoogleAuthError

        try:
            # In a thread: fetching the OAuth token blocks, in firebase-admin's async calls too.
            await asyncio.to_thread(messaging.send, _message(target, message), False, self._app)
        except messaging.UnregisteredError:
            return "gone"
        except (exceptions.FirebaseError, GoogleAuthError, ValueError) as error:
            logger.warning("Firebase did not take a message: %s", error)
            return "failed"
        return "sent"


def _message(target: FcmTarget, message: PushMessage) -> Any:
    from firebase_admin import messaging

    delivery = delivery_of(message)
    return messaging.Message(
        **{target.kind: target.value},
        data={DATA_FIELD: message.model_dump_json(exclude_none=True)},
        webpush=messaging.WebpushConfig(headers={"TTL": str(delivery.ttl_s), **delivery.headers()}),
    )
