"""Records what a PostgreSQL server's parser makes of each statement of the given files."""
import socket
import struct
import sys

MARKER = "---- "
SENTINEL = "\n;)"


class Server:
    """A connection without authentication that runs simple queries and keeps the first error of each."""

    def __init__(self, host, port):
        self.connection = socket.create_connection((host, int(port)))
        self.answers = self.connection.makefile("rb")
        options = b"user\0postgres\0client_encoding\0UTF8\0options\0-c default_transaction_read_only=on\0\0"
        self.connection.sendall(struct.pack(">ii", len(options) + 8, 196608) + options)
        self.read_answer()

    def error_of(self, sql):
        text = sql.encode() + b"\0"
        self.connection.sendall(b"Q" + struct.pack(">i", len(text) + 4) + text)
        return self.read_answer()

    def read_answer(self):
        error = None
        while True:
            kind = self.answers.read(1)
            length = struct.unpack(">i", self.answers.read(4))[0]
            body = self.answers.read(length - 4)
            if kind == b"E" and error is None:
                error = {chr(field[0]): field[1:].decode("utf8", "replace") for field in body.split(b"\0") if field}
            if kind == b"Z":
                return error


def outcome(server, sql):
    error = server.error_of(sql + SENTINEL)
    parsed = error["M"] == 'syntax error at or near ")"' and error.get("P") == str(len(sql) + len(SENTINEL))
    if parsed:
        return "ok"
    error = server.error_of(sql) or error
    message = error["M"].replace("\n", "⏎")
    return f"{error['C']} {error.get('P', '0')} {message}"


def record(server, path):
    with open(path, encoding="utf8", newline="\n") as file:
        lines = file.read().split("\n")
    statement, recorded = [], []
    for line in lines:
        if not line.startswith(MARKER):
            statement.append(line)
            continue
        recorded += statement + [MARKER + outcome(server, "\n".join(statement))]
        statement = []
    with open(path, "w", encoding="utf8", newline="\n") as file:
        file.write("\n".join(recorded) + "\n")


if __name__ == "__main__":
    connection = Server(sys.argv[1], sys.argv[2])
    for name in sys.argv[3:]:
        record(connection, name)
