#include "tests/bench/transcode/cpp_protobuf.h"

#include "bench.pb.h"

#include <google/protobuf/util/json_util.h>

#include <memory>
#include <string>

namespace pb = google::protobuf;

struct cpp_message {
    std::unique_ptr<pb::Message> message;
    std::string output;
};

struct cpp_message *cpp_message_create(const char *full_name)
{
    (void)bench::Note::default_instance(); // links bench.pb.cc, which registers its types
    const pb::Descriptor *type =
        pb::DescriptorPool::generated_pool()->FindMessageTypeByName(full_name);
    if (type == nullptr) {
        return nullptr;
    }
    const pb::Message *prototype = pb::MessageFactory::generated_factory()->GetPrototype(type);
    return new cpp_message{std::unique_ptr<pb::Message>(prototype->New()), {}};
}

void cpp_message_destroy(struct cpp_message *message)
{
    delete message;
}

bool cpp_message_read(struct cpp_message *message, const char *json, size_t len)
{
    message->message->Clear();
    return pb::util::JsonStringToMessage(pb::StringPiece(json, len), message->message.get()).ok();
}

size_t cpp_message_write(struct cpp_message *message)
{
    message->output.clear();
    bool ok = pb::util::MessageToJsonString(*message->message, &message->output).ok();
    return ok ? message->output.size() : 0;
}
