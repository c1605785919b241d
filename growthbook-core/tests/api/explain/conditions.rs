//! Every part of a condition, and what it came to.

use super::{check, user};

#[test]
fn conditions_are_told_leaf_by_leaf() {
    check(
        r#"[
            {"condition": {
                "a": {"$gt": 1, "$lt": {}, "$zodiac": 1},
                "b": {"$in": ["x", 2, null]},
                "$or": [{"c.d": {"$regex": "("}}, {"$or": 5}],
                "version": {"$vgte": "1.2.3", "$exists": true}
            }, "force": 1},
            {"condition": [1], "force": 2},
            {"condition": {"$not": {"b": {"$elemMatch": {"$eq": "x"}}}, "$nor": [{"a": 5}, {"mail": {"$regexi": "@shop\\."}}]}, "force": 3},
            {"condition": {"$and": [{"a": {}}, {"b": {"$size": {"$gt": 1}}}, {"b": {"$alli": ["É"]}}, {"a": {"$not": {"$type": "null"}}}]}, "force": 4}
        ]"#,
        &user(r#"{"a": 5, "b": [2, "é"], "version": "1.3"}"#),
        r#"
f = 4 [force]: rules[3]
  rules[0] (force): skipped, its condition does not hold
    yes        a $gt 1                 found 5
    no         a never                 found 5 (its operand is of the wrong kind: see the diagnostics)
    unknown    a $zodiac               found 5 (an operator that this SDK does not know)
    yes        b $in ["x",2,null]      found [2,"é"]
    malformed  any of                  (not reached)
      no         c.d $regex            found nothing (not a valid pattern, which matches nothing)
      malformed  malformed             (see the payload's diagnostics) (not reached)
    yes        version $vgte "1.2.3"   found "1.3"
    yes        version $exists true    found "1.3"
  rules[1] (force): skipped, its condition does not hold
    no   never   (see the payload's diagnostics)
  rules[2] (force): skipped, its condition does not hold
    yes  not
      no   b $elemMatch {"$eq":"x"}   found [2,"é"]
    no   none of
      yes  a = 5                      found 5
      no   mail $regexi /@shop\./     found nothing
  rules[3] (force): applies
    yes  a = {}                    found 5 (no operator, which anything passes)
    yes  b $size {"$gt":1}         found [2,"é"]
    yes  b $alli ["é"]             found [2,"é"]
    yes  a $not {"$type":"null"}   found 5
"#,
    );
}

#[test]
fn groups_are_told_with_their_size_and_not_their_members() {
    let everybody = r#"[{"condition": {"$and": [
        {"$savedGroup": {"id": "list"}},
        {"$savedGroup": {"id": "list", "attributeKey": "x"}},
        {"$savedGroup": {"id": "inner"}},
        {"$savedGroup": {"id": "circle"}},
        {"$savedGroup": {"id": "new"}},
        {"$savedGroup": {"id": "remote"}},
        {"$savedGroup": {"id": "old"}},
        {"$savedGroup": {"id": "gone"}},
        {"id": {"$inGroup": "list"}},
        {"id": {"$notInGroup": "inner"}},
        {"id": {"$inGroup": "gone"}}
    ]}, "force": 1}]"#;
    check(
        everybody,
        &user(r#"{"id": "1", "a": 1}"#),
        r#"
f = "d" [defaultValue]: no rule applied
  rules[0] (force): skipped, its condition does not hold
    yes      in group list, by id     found "1" (a list of 3 values)
    no       in group list, by x      found nothing (a list of 3 values)
    yes      in group inner
      yes      a $gt 0                found 1
    no       in group circle
      yes      a = 1                  found 1
      no       in group circle        (a circle: it is asked for by itself)
    unknown  in group new             (a kind of group that this SDK does not know)
    no       in group remote          (a remote group, and which of them the user is in was not said)
    no       in group old             (a bare list, which only `$inGroup` asks)
    no       in group gone            (there is no such group)
    yes      id $inGroup "list"       found "1" (a list of 3 values)
    no       id $notInGroup "inner"   found "1" (not a list, which is what this operator asks)
    no       id $inGroup "gone"       found "1" (there is no such group)
"#,
    );
}
