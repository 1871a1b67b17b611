"""Becomes nginx: before a server, or by itself, where it lets only so many requests a second pass."""
import os

from serving import become, free_port, settings

BEFORE = """
upstream behind { server %(behind)s; keepalive 64; }
server {
    listen 127.0.0.1:%(port)s;
    keepalive_requests 1000000;
    location / {
        proxy_pass http://behind;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
}
"""
LIMITED = """
limit_req_zone all zone=all:1m rate=%(rate)sr/s;
upstream behind { server 127.0.0.1:%(inner)s; keepalive 64; }
server { listen 127.0.0.1:%(inner)s; keepalive_requests 1000000; return 200 stored; }
server {
    listen 127.0.0.1:%(port)s;
    keepalive_requests 1000000;
    location / {
        limit_req zone=all %(burst)s;
        proxy_pass http://behind;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
}
"""
WHOLE = """
daemon off;
%s
worker_processes auto;
pid pid;
error_log error.log;
events { }
http {
access_log access.log;
client_body_temp_path bodies;
%s
}
"""
words = settings()
port = free_port()
site = (LIMITED if "rate" in words else BEFORE) % {"burst": "", **words, "port": port, "inner": free_port()}
with open("nginx.conf", "w") as file:
    file.write(WHOLE % ("user root;" if os.getuid() == 0 else "", site))
become(["nginx", "-p", os.getcwd(), "-e", "error.log", "-c", "nginx.conf"], port)
