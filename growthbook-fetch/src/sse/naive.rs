//! The same language, read in the simplest way: all bytes at once, line after line.

/// Each event as its type, its data and the last id after it; `None` for what is too long.
pub(crate) fn events(bytes: &[u8], limit: usize) -> Vec<Option<[String; 3]>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (mut events, mut block, mut id, mut skipping) = (vec![], Block::default(), vec![], false);
    for (line, ended) in lines(bytes) {
        if ended && line.is_empty() {
            let (kind, data) = (text(&block.kind), block.data.join(&b'\n'));
            let deliver = !block.data.is_empty() || kind == "features-updated";
            if deliver && !skipping {
                let fits = kind.len() + text(&data).len() <= limit;
                let kind = if kind.is_empty() {
                    "message".into()
                } else {
                    kind
                };
                events.push(fits.then(|| [kind, text(&data), text(&id)]));
            }
            (block, skipping) = (Block::default(), false);
            continue;
        }
        if skipping {
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value).to_vec();
        let known = [&b"data"[..], b"event", b"id", b"retry"].contains(&name);
        let held = block.kind.len() + block.data.join(&b'\n').len() + value.len();
        let held = held + usize::from(name == b"data" && !block.data.is_empty());
        let complete = ended || colon.is_some();
        if line.len() > limit || (known && complete && held > limit) {
            events.push(None);
            (block, skipping) = (Block::default(), true);
        } else if ended {
            match name {
                b"data" => block.data.push(value),
                b"event" => block.kind = value,
                b"id" if value.contains(&0) => {}
                b"id" if text(&value).len() > 4096 => id.clear(),
                b"id" => id = value,
                _ => {}
            }
        }
    }
    events
}

#[derive(Default)]
struct Block {
    kind: Vec<u8>,
    data: Vec<Vec<u8>>,
}

/// The lines without their ends, and whether they have one: the last has none.
fn lines(mut bytes: &[u8]) -> Vec<(&[u8], bool)> {
    let mut lines = vec![];
    while let Some(end) = bytes.iter().position(|byte| b"\r\n".contains(byte)) {
        let width = if bytes[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        lines.push((&bytes[..end], true));
        bytes = &bytes[end + width..];
    }
    lines.push((bytes, false));
    lines
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
