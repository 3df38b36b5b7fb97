"""The words on the wire: models, identity and proofs. No input or output happens here."""
