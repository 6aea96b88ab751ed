# syntax=docker/dockerfile:1
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /plumbline ./cmd/plumbline
# A volume takes its owner from the folder it is first mounted on.
RUN mkdir -p /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# For health checks: one static program.
COPY --from=busybox:1.37.0-musl /bin/wget /usr/bin/wget
COPY --from=build --chown=65532:65532 /empty /var/lib/plumbline
COPY --from=build --chown=65532:65532 /empty /etc/plumbline/baselines
COPY --from=build /plumbline /plumbline
USER 65532:65532
WORKDIR /var/lib/plumbline
EXPOSE 9188 9189
ENTRYPOINT ["/plumbline"]
CMD ["run", "-c", "/etc/plumbline/plumbline.yaml"]
