"""The SDK for Python, with a store like the one that its documentation shows: `program.py <redis|sqlite> <place>`.

Reads requests from stdin, each a line of JSON, and answers likewise. Without the SDK the stores are there all the same.
"""

import json
import sys

try:
    from growthbook import AbstractStickyBucketService, Experiment, GrowthBook
except ImportError:
    AbstractStickyBucketService = object


class SQLiteStickyBucketService(AbstractStickyBucketService):
    def __init__(self, path):
        import sqlite3

        self.connection = sqlite3.connect(path, timeout=20)
        self.connection.execute("""
            CREATE TABLE IF NOT EXISTS sticky_buckets (
                attribute_name TEXT,
                attribute_value TEXT,
                assignments TEXT,
                PRIMARY KEY (attribute_name, attribute_value)
            )
        """)
        self.connection.commit()

    def get_assignments(self, name, value):
        cursor = self.connection.execute(
            "SELECT assignments FROM sticky_buckets WHERE attribute_name = ? AND attribute_value = ?",
            (name, value))
        row = cursor.fetchone()
        if row is None:
            return None
        return {"attributeName": name, "attributeValue": value, "assignments": json.loads(row[0])}

    def save_assignments(self, doc):
        self.connection.execute(
            "INSERT OR REPLACE INTO sticky_buckets (attribute_name, attribute_value, assignments) VALUES (?, ?, ?)",
            (doc["attributeName"], doc["attributeValue"], json.dumps(doc["assignments"])))
        self.connection.commit()


class RedisStickyBucketService(AbstractStickyBucketService):
    """Documents as the SDK for JavaScript writes them."""

    def __init__(self, url):
        import redis

        self.redis = redis.Redis.from_url(url, decode_responses=True)

    def get_assignments(self, name, value):
        document = self.redis.get(self.get_key(name, value))
        return None if document is None else json.loads(document)

    def save_assignments(self, doc):
        self.redis.set(self.get_key(doc["attributeName"], doc["attributeValue"]), json.dumps(doc))


def told(value, result):
    is_in = result is not None and result.inExperiment
    return {"value": value, "variation": result.key if is_in else None, "sticky": is_in and result.stickyBucketUsed}


def evaluate(service, attributes, features, experiments):
    client = GrowthBook(attributes=attributes, features=features, sticky_bucket_service=service)
    answers = {"features": {}, "experiments": {}}
    for key in features:
        feature = client.eval_feature(key)
        answers["features"][key] = told(feature.value, feature.experimentResult)
    for experiment in experiments:
        result = client.run(Experiment(**experiment))
        answers["experiments"][experiment["key"]] = told(result.value, result)
    client.destroy()
    return answers


def answer(service, request):
    if request["do"] == "evaluate":
        return evaluate(service, request["attributes"], request["features"], request["experiments"])
    name, value = request["name"], request["value"]
    if request["do"] == "document":
        return service.get_assignments(name, value)
    return service.save_assignments(
        {"attributeName": name, "attributeValue": value, "assignments": request["assignments"]})


def main():
    kind, place = sys.argv[1:]
    service = RedisStickyBucketService(place) if kind == "redis" else SQLiteStickyBucketService(place)
    for line in sys.stdin:
        print(json.dumps(answer(service, json.loads(line))), flush=True)


main()
