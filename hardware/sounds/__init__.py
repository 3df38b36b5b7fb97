"""The doorbell's spoken replies, in the languages that ship: `<reply>.<language>.ogg`."""
