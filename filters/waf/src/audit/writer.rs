//! Writes JSON member by member, bounded: what no longer fits is left out and counted.

use portcullis_control::refusal::push_json_string;

/// Bytes after which no further header or message is begun: a line of a log that can be read by what collects it.
const FULL: usize = 16 * 1_024;

/// Bytes of one text, at most, before it is escaped.
const MAX_TEXT: usize = 512;

/// JSON that is being written.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    /// A comma stands before what comes next.
    comma: bool,
    left_out: usize,
}

impl Writer {
    /// The name of a member; its value comes next.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.separate();
        push_json_string(&mut self.text, name);
        self.text.push(':');
        self.comma = false;
        self
    }

    /// A text; bytes that are no UTF-8 are replaced.
    pub(super) fn text(&mut self, text: &[u8]) {
        self.separate();
        let shown = text.get(..MAX_TEXT).unwrap_or(text);
        push_json_string(&mut self.text, &String::from_utf8_lossy(shown));
        self.comma = true;
    }

    /// A number, or what is one already.
    pub(super) fn number(&mut self, number: &str) {
        self.separate();
        self.text.push_str(number);
        self.comma = true;
    }

    /// An object with what `fill` writes.
    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.enclose('{', '}', fill);
    }

    /// An array with what `fill` writes.
    pub(super) fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.enclose('[', ']', fill);
    }

    fn enclose(&mut self, open: char, close: char, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.text.push(open);
        self.comma = false;
        fill(self);
        self.text.push(close);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.text.push(',');
        }
    }

    /// True if one more of many things fits; else it is counted as left out.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.text.len() < FULL;
        if !room {
            self.left_out = self.left_out.saturating_add(1);
        }
        room
    }

    /// Headers and messages that did not fit.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// What was written.
    pub(super) fn end(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_counted() {
        let mut writer = Writer::default();
        writer.object(|writer| {
            writer.name("list").array(|writer| {
                for _ in 0..1_000 {
                    if writer.has_room() {
                        writer.text(&[0; 10_000]);
                    }
                }
            });
        });
        let left_out = writer.left_out();
        let text = writer.end();
        // A zero byte takes six in JSON.
        assert!((FULL..FULL + 6 * MAX_TEXT + 16).contains(&text.len()), "{}", text.len());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let written = value["list"].as_array().unwrap().len();
        assert_eq!(written + left_out, 1_000);
    }
}
