//! What the results of a response's headers, body and trailers callbacks lead to.

use super::actions::{ALL_GO_ON, Results, guest, ticking};
use crate::row::{Answer, Row};

fn response(name: &'static str, results: Results, expected: &'static str) -> Vec<Row> {
    let row = |name, answer: Answer| {
        Row::new(name, &ticking(guest("response", results), 1)).answered(answer).get("/")
    };
    vec![row(name, Answer::new(200).body("answer")).shows(expected)]
}

pub(super) fn rows() -> Vec<Row> {
    let with_trailers = || Answer::new(200).body("answer").trailer("x-t", "1");
    let row = |name, results, answer, expected| {
        Row::new(name, &ticking(guest("response", results), 1))
            .answered(answer)
            .get("/")
            .shows(expected)
    };
    let holding = |headers, body, end| Results { headers, body, end, trailers: 0 };
    let mut rows = response(
        "1 from response headers holds until the body goes on",
        holding(1, 0, 0),
        "response headers 0
         response body 6 0
         response body 0 1
         upstream GET /
         client 200 content-length=6 'answer'",
    );
    rows.extend(response(
        "response headers and body hold to the end",
        holding(1, 1, 0),
        "response headers 0
         response body 6 0
         response body 6 1
         upstream GET /
         client 200 content-length=6 'answer'",
    ));
    rows.extend(response(
        "response headers and body hold at the end too",
        holding(1, 1, 1),
        "response headers 0
         response body 6 0
         response body 6 1
         tick
         upstream GET /
         client 200 content-length=6 'answer'",
    ));
    rows.extend(response(
        "4 from response headers holds everything",
        holding(4, 0, 0),
        "response headers 0
         tick
         response body 6 1
         upstream GET /
         client 200 content-length=6 'answer'",
    ));
    rows.extend(response(
        "3 from response headers holds everything",
        holding(3, 1, 0),
        "response headers 0
         tick
         response body 6 1
         upstream GET /
         client 200 content-length=6 'answer'",
    ));
    rows.extend([
        row(
            "1 from response headers without a body",
            holding(1, 0, 0),
            Answer::new(200),
            "response headers 1
         tick
         upstream GET /
         client 200 content-length=0",
        ),
        row(
            "a response with trailers goes on",
            ALL_GO_ON,
            with_trailers(),
            "response headers 0
         response body 6 0
         response trailers 1
         upstream GET /
         client 200 'answer' trailers x-t=1",
        ),
        row(
            "1 from response headers with trailers",
            holding(1, 1, 0),
            with_trailers(),
            "response headers 0
         response body 6 0
         response trailers 1
         upstream GET /
         client 200 'answer' trailers x-t=1",
        ),
        row(
            "4 from response headers with trailers",
            holding(4, 0, 0),
            with_trailers(),
            "response headers 0
         tick
         response body 6 0
         response trailers 1
         upstream GET /
         client 200 'answer' trailers x-t=1",
        ),
        row(
            "response trailers hold",
            Results { trailers: 1, ..ALL_GO_ON },
            with_trailers(),
            "response headers 0
         response body 6 0
         response trailers 1
         tick
         upstream GET /
         client 200 'answer' trailers x-t=1",
        ),
        row(
            "1 from response headers without the option",
            holding(1, 0, 0),
            Answer::new(200).body("answer"),
            "response headers 0
         tick
         response body 6 1
         upstream GET /
         client 200 content-length=6 'answer'",
        )
        .without_stop_iteration(),
    ]);
    rows
}
