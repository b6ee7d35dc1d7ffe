# gotor alone in an image: the static binary, certificates to trust, a folder.
#
#     docker build -t gotor .
#     docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" gotor get SOURCE
#     docker run -d -p 127.0.0.1:7470:7470 -v "$PWD:/data" -v gotor-state:/state gotor
#
# GO_IMAGE can name the same image by its digest.
ARG GO_IMAGE=golang:1.26.8-trixie

FROM --platform=$BUILDPLATFORM $GO_IMAGE AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOTOOLCHAIN=local \
    go build -trimpath -ldflags "-s -w ${VERSION:+-X gotor/cmd.version=$VERSION}" -o /out/gotor .
# An empty image has no folder for temporary files, which -o - may need.
RUN mkdir -p /out/folders/data && mkdir -m 0700 /out/folders/state && mkdir -m 1777 /out/folders/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/folders/ /
COPY --from=build /out/gotor /usr/local/bin/gotor
# The daemon's socket is where gotor ctl looks for it, whoever runs it.
ENV PATH=/usr/local/bin XDG_STATE_HOME=/data/.gotor/state XDG_CACHE_HOME=/data/.gotor/cache XDG_RUNTIME_DIR=/tmp
USER 65532:65532
WORKDIR /data
EXPOSE 7470
HEALTHCHECK --start-period=10s CMD ["gotor", "ctl", "health"]
ENTRYPOINT ["gotor"]
CMD ["serve", "--dir", "/data", "--state-dir", "/state", "--listen", ":7470"]
