#!/usr/bin/python3
"""The Dockerfile and docker-compose.yml, as far as they can be tried without a Docker engine.

usage: docker_test.py PROGRAM SOURCE_FOLDER

docker-compose checks its file; the stack it describes is then started as plain processes, with the
commands, variables and health checks of the file. Of the Dockerfile, the packages, the paths, the
build's first half and what the image runs are tried. Exits with 1 unless all passed.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from program import Program  # noqa: E402
from engine import Engine  # noqa: E402
from suite import run_tests  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
from page import differences  # noqa: E402

try:
    import yaml
except ImportError as missing:
    sys.exit(f"docker_test: {missing}; install docker-compose")

STEP_S_MAX = 120

# Stands for docker, whose services run as processes: `docker compose exec -T SERVICE COMMAND...` runs the command here.
EXEC_HERE = '''#!/bin/sh
[ "$2" = exec ] || exit 0
shift 4
exec "$@"
'''

program = ""
source = ""


def run(*args, **kwargs):
    """Runs a command that must succeed and returns what it printed."""
    done = subprocess.run(args, capture_output=True, text=True, timeout=STEP_S_MAX, **kwargs)
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(args)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def call(url, body=None, headers=()):
    """One request; its status and its JSON, whatever the status."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **dict(headers)})
    try:
        with urllib.request.urlopen(request, timeout=STEP_S_MAX) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def read(name):
    with open(os.path.join(source, name), encoding="utf-8") as file:
        return file.read()


def instructions():
    """The Dockerfile's (stage, instruction, rest), continued lines joined."""
    text = re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.M)
    stage = -1
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            stage += name == "FROM"
            yield stage, name, rest.strip()


def rest_of(name, stage=None):
    return [rest for at, each, rest in instructions() if each == name and stage in (None, at)]


def listed_packages(group):
    wanted, names = False, []
    for line in read("packages.txt").splitlines():
        if line.startswith("["):
            wanted = line == f"[{group}]"
        elif wanted and line and not line.startswith("#"):
            names.append(line)
    return names


def sent_names():
    """What .dockerignore lets through by name."""
    return [line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")]


def is_sent(path):
    """Whether .dockerignore lets a path of the tree through: the last pattern that fits decides."""
    sent = True
    for line in read(".dockerignore").splitlines():
        if line and not line.startswith("#"):
            pattern = line.lstrip("!")
            if any(fnmatch.fnmatch(part, pattern) for part in prefixes(path)):
                sent = line.startswith("!")
    return sent


def prefixes(path):
    parts = path.split("/")
    return ["/".join(parts[:count + 1]) for count in range(len(parts))]


class Processes(unittest.TestCase):
    """Starts programs and ends them with the test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tollgate-docker-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def start(self, name, args, variables):
        """Runs the program until it listens; returns its ports by protocol."""
        running = Program([program, *args], os.path.join(self.folder, name + ".log"), cwd=self.folder,
                          env={**os.environ, "TOLLGATE_ADMIN": "none" if args[0] == "gateway" else "127.0.0.1:0",
                               **variables})
        self.addCleanup(running.stop)
        protocols = {"serve": ("http", "grpc", "admin"), "server": ("grpc", "admin"), "gateway": ("http",)}[args[0]]
        return {protocol: running.port(protocol) for protocol in protocols}

    def check_health(self, command, ports):
        """Runs a health check of the image, told the port that stands for the usual one."""
        self.assertEqual(command[0], "health")
        health = os.path.join(source, "docker/health")
        run(health, command[1], str(ports[command[1]]))
        done = subprocess.run([health, command[1], "1"], capture_output=True, timeout=STEP_S_MAX)
        self.assertNotEqual(done.returncode, 0, "nothing listens on port 1")


class Image(Processes):
    """The Dockerfile."""

    def test_build_packages_are_those_of_the_list(self):
        command = " ".join(rest_of("RUN", 0))
        pipeline = re.search(r"(awk '[^']*' packages\.txt)", command).group(1)
        names = run("bash", "-c", pipeline, cwd=source).split()
        self.assertEqual(names, listed_packages("build"))
        run("apt-cache", "show", *names)

    def runtime_packages(self):
        command = " ".join(rest_of("RUN", 1))
        return re.search(r"apt-get install -y --no-install-recommends\s+(.*?)\s*&&", command).group(1).split()

    def test_tls_has_roots_to_trust(self):
        self.assertIn("ca-certificates", self.runtime_packages(), "no library brings it along")

    def test_runtime_packages_hold_the_libraries(self):
        names = self.runtime_packages()
        run("apt-cache", "show", *names)
        there = set(run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
                        "--no-breaks", "--no-replaces", "--no-enhances", *names).split())
        linked = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program))
        owners = {}
        for library in linked:
            if not re.match(r"lib(asan|ubsan|tsan)\.", library):
                owners[library] = {line.split(":")[0] for line in run("dpkg", "-S", f"*/{library}").splitlines()}
        self.assertGreater(len(owners), 5)
        self.assertEqual({library: names for library, names in owners.items() if not names & there}, {})

    def test_copied_paths_are_there_and_sent(self):
        copied = [each.split()[0] for each in rest_of("COPY") if not each.startswith("--from")]
        self.assertIn(".", copied)
        for path in copied:
            self.assertTrue(os.path.exists(os.path.join(source, path)), path)
            self.assertTrue(path == "." or is_sent(path), path)
        for path in sent_names():
            self.assertTrue(os.path.exists(os.path.join(source, path)), path)
        for path in (".git/config", "build/dev/bin/tollgate", "tests/e2e/rows.c", "tollgate.db"):
            self.assertFalse(is_sent(path), path)

    def test_what_is_sent_can_be_built(self):
        """Configures the tree as the engine gets it; ninja finds every file that the program needs."""
        context = os.path.join(self.folder, "context")
        for path in sent_names():
            copy = shutil.copytree if os.path.isdir(os.path.join(source, path)) else shutil.copy
            os.makedirs(os.path.dirname(os.path.join(context, path)), exist_ok=True)
            copy(os.path.join(source, path), os.path.join(context, path))
        command = " ".join(rest_of("RUN", 0))
        configure = re.search(r"cmake --preset (\w+)", command)
        self.assertIn(f"cmake --build build/{configure.group(1)} --target tollgate", command)
        self.assertIn(f"--from=build /src/build/{configure.group(1)}/bin/tollgate /usr/local/bin/tollgate",
                      rest_of("COPY", 1))
        run(*shlex.split(configure.group(0)), cwd=context)
        planned = run("ninja", "-C", f"build/{configure.group(1)}", "-n", "tollgate", cwd=context)
        self.assertIn("bin/tollgate", planned)

    def test_does_not_run_as_root(self):
        user = rest_of("USER", 1)
        self.assertEqual(len(user), 1)
        self.assertIn(f"--uid {user[0]}", " ".join(rest_of("RUN", 1)))
        self.assertNotEqual(user[0], "0")

    def test_what_it_runs(self):
        """ENTRYPOINT and CMD with the image's variables, on free ports, and the image's health check."""
        self.assertEqual([json.loads(each) for each in rest_of("ENTRYPOINT")], [["tollgate"]])
        variables = dict(each.split("=", 1) for each in " ".join(rest_of("ENV")).split())
        self.assertEqual(variables, {"TOLLGATE_LISTEN": "0.0.0.0:8080", "TOLLGATE_GRPC": "0.0.0.0:50051"})
        ports = self.start("image", json.loads(rest_of("CMD")[0]), on_free_ports(variables))
        self.check_health(json.loads(re.sub(r".*CMD ", "", rest_of("HEALTHCHECK")[0])), ports)


def on_free_ports(variables):
    return {name: re.sub(r"^(0\.0\.0\.0|127\.0\.0\.1):\d+$", r"\1:0", value) for name, value in variables.items()}


class Compose(Processes):
    """docker-compose.yml."""

    def setUp(self):
        super().setUp()
        run("docker-compose", "-f", os.path.join(source, "docker-compose.yml"), "config", "-q")
        checked = run("docker-compose", "-f", os.path.join(source, "docker-compose.yml"), "--profile", "more", "config")
        self.services = yaml.safe_load(checked)["services"]

    def test_start_order(self):
        """Each waits until what it calls is healthy."""
        waits = {name: sorted(service.get("depends_on", {})) for name, service in self.services.items()}
        self.assertEqual(waits, {"mongodb": [], "server-a": ["mongodb"], "server-b": ["mongodb"],
                                 "server-c": ["mongodb"], "gateway-a": ["server-a"],
                                 "gateway-b": ["server-b"], "gateway-c": ["server-c"]})
        self.assertEqual({name for name, service in self.services.items() if "profiles" in service},
                         {"server-c", "gateway-c"})
        for name, service in self.services.items():
            self.assertIn("test", service["healthcheck"], name)
            for condition in service.get("depends_on", {}).values():
                self.assertEqual(condition["condition"], "service_healthy")

    def test_ports(self):
        published = {name: [str(each) for each in service["ports"]]
                     for name, service in self.services.items() if "ports" in service}
        self.assertEqual(sorted(published), ["gateway-a", "gateway-b", "gateway-c"])
        for (name, ports), port in zip(sorted(published.items()), ("8080", "8081", "8082")):
            self.assertEqual(len(ports), 1, name)
            self.assertIn(port, ports[0])

    def test_mongodb(self):
        mongodb = self.services["mongodb"]
        self.assertEqual(mongodb["image"], "mongo:7")
        self.assertEqual([each for each in mongodb["volumes"] if str(each).find("/data/db") >= 0], mongodb["volumes"])
        store = self.services["server-a"]["environment"]["TOLLGATE_STORE"]
        replica_set = re.fullmatch(r"mongodb://mongodb:27017/tollgate\?replicaSet=(\w+)", store).group(1)
        self.assertIn(replica_set, mongodb["command"])
        self.assertIn(f'_id: "{replica_set}"', " ".join(mongodb["healthcheck"]["test"]))

    def test_the_stack(self):
        """Every service as a process with the file's command and variables; then both gateways in use."""
        image = dict(each.split("=", 1) for each in " ".join(rest_of("ENV")).split())
        with Engine() as engine:
            ports = {}
            for name in ("server-a", "server-b", "server-c", "gateway-a", "gateway-b", "gateway-c"):
                service = self.services[name]
                variables = on_free_ports({**image, **service["environment"]})
                if "TOLLGATE_STORE" in variables:
                    variables["TOLLGATE_STORE"] = f"{engine.server}/{os.path.basename(self.folder)}"
                upstream = variables.get("TOLLGATE_UPSTREAM", "").partition(":")
                if upstream[0]:
                    self.assertEqual(upstream[2], "50051")
                    variables["TOLLGATE_UPSTREAM"] = f"127.0.0.1:{ports[upstream[0]]['grpc']}"
                ports[name] = self.start(name, service["command"], variables)
                self.check_health(service["healthcheck"]["test"][1:], ports[name])
            gateways = [f"http://127.0.0.1:{ports[name]['http']}" for name in ("gateway-a", "gateway-b", "gateway-c")]
            self.assertEqual(call(gateways[0] + "/users", b'{"name":"Danny"}'), (201, {"id": 0}))
            for gateway in gateways:
                self.assertEqual(call(gateway + "/users"), (200, {"0": {"name": "Danny", "books": []}}))
            self.check_tutorial(gateways, ports["server-a"]["admin"])
            self.doCleanups()

    def check_tutorial(self, gateways, admin_port):
        """docs/MONGODB.md as it stands: a key made on one server is good on every gateway, a note of one is on all."""
        tools = os.path.join(self.folder, "tools")
        os.mkdir(tools)
        with open(os.path.join(tools, "docker"), "w", encoding="utf-8") as docker:
            docker.write(EXEC_HERE)
        os.chmod(docker.name, 0o755)
        shown = {f"127.0.0.1:{port}": gateway.partition("//")[2] for port, gateway in zip((8080, 8081), gateways)}
        environment = {"PATH": f"{tools}:{os.path.dirname(program)}:{os.environ['PATH']}",
                       "TOLLGATE_ADMIN_URL": f"http://127.0.0.1:{admin_port}"}
        count, found = differences(os.path.join(source, "docs/MONGODB.md"), self.folder, shown, environment)
        self.assertEqual(found, [])
        self.assertGreater(count, 3)
        for gateway in gateways:
            self.assertEqual(call(gateway + "/notes"), (403, {"message": "Forbidden"}))


def main():
    global program, source
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, source = sys.argv[1:]
    sys.exit(run_tests())


if __name__ == "__main__":
    main()
